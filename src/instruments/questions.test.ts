import { expect, test } from "bun:test";
import { NumberInstruments } from "./number-instruments.ts";
import { type Answer, answerQuestions, InstrumentsClient, type Question } from "./questions.ts";
import { ThreadBeats } from "./thread-beats.ts";

function instruments(): NumberInstruments {
  return new NumberInstruments({
    service: "server",
    figures: { series: [], metrics: () => [], histograms: () => [] },
    beats: new ThreadBeats(new SharedArrayBuffer(ThreadBeats.bytes(1)), 0, 1),
    nowMs: () => 0,
    restartedMs: undefined,
  });
}

function ask(client: InstrumentsClient, question: Question): Promise<Answer> {
  return new Promise((resolve) => client.ask(question, resolve));
}

test("each thread gets the answers to its own questions, and a fault is an answer too", async () => {
  const stop = answerQuestions("questions of a test", instruments());
  const clients = ["one", "other"].map((name) => new InstrumentsClient("questions of a test", name));
  const asked = clients.flatMap((client, index) => [
    ask(client, { kind: "families", count: 1 }),
    ask(client, { kind: "biography", key: Uint8Array.of(0x61 + index) }),
    ask(client, { kind: "watch", pattern: "a*" }),
  ]);
  const answers = await Promise.all(asked);
  expect(answers[0]).toEqual({ report: { families: [] } });
  expect([answers[1], answers[4]].map((answer) => JSON.stringify(answer))).toEqual([
    expect.stringContaining('"text":"a"'),
    expect.stringContaining('"text":"b"'),
  ]);
  expect(answers[2]).toEqual({ error: expect.stringContaining("a server has no cache") });
  for (const client of clients) client.close();
  stop();
});

test("a client that is closed answers what was asked, and asking where nobody answers ends with an error", async () => {
  const client = new InstrumentsClient("questions that nobody answers", "one");
  const waiting = ask(client, { kind: "what-if" });
  client.close();
  expect(await waiting).toEqual({ error: "the service is ending" });
});
