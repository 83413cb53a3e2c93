import { afterEach, describe, expect, test } from "bun:test";
import type { AccessLog, LogEntry } from "../../commands/acl/access-log.ts";
import { utf8 } from "../../lib/bytes.ts";
import { accessPeers, encodeEntries } from "./access-peers.ts";
import { type Answer, type AnswerQuestion, Peers, type Question } from "./peers.ts";
import { ThreadTable } from "./thread-table.ts";

const FENCE: Question = { kind: "fence" };
/** Long enough never to be reached. */
const LONG_MS = 60_000;
let channels = 0;
const opened: Peers[] = [];
afterEach(() => {
  for (const peers of opened.splice(0)) peers.close();
});

/** Threads that are alive, all in this one. Each answers as it is told to. */
function threads(...answers: AnswerQuestion[]) {
  const channel = `peers-test-${channels++}`;
  const table = ThreadTable.create(answers.length);
  const peers = answers.map((answer, index) => {
    table.setAlive(index);
    return new Peers(channel, index, table, answer);
  });
  opened.push(...peers);
  return { channel, table, peers };
}

const says =
  (text: string): AnswerQuestion =>
  (_question, then) =>
    then(utf8(text));
const silent: AnswerQuestion = () => {};

function texts(answers: readonly Answer[]): string[] {
  return answers.map((answer) => Buffer.from(answer).toString()).sort();
}

/** A thread that has been asked, and answers when the test says so. */
function manual() {
  const asked = Promise.withResolvers<void>();
  const waiting: ((answer: Answer) => void)[] = [];
  const answer: AnswerQuestion = (_question, then) => {
    waiting.push(then);
    asked.resolve();
  };
  return { answer, asked: asked.promise, waiting };
}

describe("one thread asks the others", () => {
  test("and gets all of their answers, but not its own", async () => {
    const { peers, table } = threads(says("0"), says("1"), says("2"));
    // What the table has behind its threads is none.
    table.addMonitors(0, 1);
    expect(texts(await peers[0]!.ask(FENCE))).toEqual(["1", "2"]);
    expect(texts(await peers[2]!.ask(FENCE))).toEqual(["0", "1"]);
  });

  test("and the question reaches them as it is", async () => {
    const questions: Question[] = [];
    const { peers } = threads(silent, (question, then) => {
      questions.push(question);
      then(utf8(""));
    });
    await peers[0]!.ask({ kind: "command", args: ["CLIENT", "LIST"] });
    await peers[0]!.askOne(1, { kind: "origin-id", client: 7 }, LONG_MS);
    expect(questions).toEqual([
      { kind: "command", args: ["CLIENT", "LIST"] },
      { kind: "origin-id", client: 7 },
    ]);
  });

  test("and nobody waits for one that is not alive", async () => {
    const { peers, table } = threads(silent, says("1"), silent);
    table.clear(2);
    expect(texts(await peers[0]!.ask(FENCE))).toEqual(["1"]);
    table.clear(1);
    expect(await peers[0]!.ask(FENCE)).toEqual([]);
  });

  test("and each question gets its own answers, in whatever order they come", async () => {
    const other = manual();
    const { peers } = threads(silent, other.answer);
    const [first, second] = [peers[0]!.ask(FENCE), peers[0]!.ask(FENCE)];
    await other.asked;
    while (other.waiting.length < 2) await new Promise(setImmediate);
    other.waiting[1]!(utf8("second"));
    expect(texts(await second)).toEqual(["second"]);
    other.waiting[0]!(utf8("first"));
    expect(texts(await first)).toEqual(["first"]);
  });

  test("and one that dies meanwhile is left out of all questions", async () => {
    const dying = manual();
    const { channel, peers } = threads(silent, dying.answer, says("2"));
    const all = peers[0]!.ask(FENCE);
    const one = peers[0]!.askOne(1, FENCE, LONG_MS);
    await dying.asked;
    Peers.announceDeath(channel, 1);
    expect(texts(await all)).toEqual(["2"]);
    expect(await one).toBeUndefined();
  });

  test("and one that dies between the look at the table and the question is left out", async () => {
    const { peers, table } = threads(silent, silent, says("2"));
    const isAlive = table.isAlive.bind(table);
    let looks = 0;
    table.isAlive = (index) => isAlive(index) && (index !== 1 || looks++ === 0);
    expect(texts(await peers[0]!.ask(FENCE))).toEqual(["2"]);
  });

  test("and one that has ended is not asked any more", async () => {
    let asked = 0;
    const { peers, table } = threads(silent, () => asked++, says("2"));
    table.clear(1);
    peers[1]!.close();
    expect(texts(await peers[0]!.ask(FENCE))).toEqual(["2"]);
    expect(asked).toBe(0);
  });

  test("and an end of the channel ends what is under way, with the answers so far", async () => {
    const silentOne = manual();
    const { peers } = threads(silent, silentOne.answer);
    const answers = peers[0]!.ask(FENCE);
    await silentOne.asked;
    peers[0]!.close();
    expect(await answers).toEqual([]);
  });
});

describe("one thread asks another one", () => {
  test("and no third one answers", async () => {
    let others = 0;
    const { peers } = threads(silent, says("1"), (_question, then) => {
      others++;
      then(utf8("2"));
    });
    expect(texts([(await peers[0]!.askOne(1, FENCE, LONG_MS))!])).toEqual(["1"]);
    expect(texts([(await peers[0]!.askOne(2, FENCE, LONG_MS))!])).toEqual(["2"]);
    expect(others).toBe(1);
  });

  test("that is dead: at once there is no answer", async () => {
    const { peers, table } = threads(silent, silent);
    table.clear(1);
    expect(await peers[0]!.askOne(1, FENCE, LONG_MS)).toBeUndefined();
  });

  test("that does not answer in time: there is no answer, and a late one is dropped", async () => {
    const late = manual();
    const { peers } = threads(silent, late.answer);
    expect(await peers[0]!.askOne(1, FENCE, 0)).toBeUndefined();
    await late.asked;
    late.waiting[0]!(utf8("late"));
    const next = peers[0]!.ask(FENCE);
    while (late.waiting.length < 2) await new Promise(setImmediate);
    late.waiting[1]!(utf8("next"));
    expect(texts(await next)).toEqual(["next"]);
  });
});

test("users and refusals are those of all threads: every other thread is asked, and awaited", async () => {
  const entry = { id: 1, object: "é", count: 2 } as LogEntry;
  const log = {
    newest: (count: number) => Array.from({ length: count }, () => entry),
  } as unknown as AccessLog;
  const asked: string[] = [];
  const others: AnswerQuestion = (question, then) => {
    // Not at once: the question must be awaited.
    setImmediate(() => {
      asked.push(question.kind);
      then(question.kind === "refusals" ? encodeEntries(log.newest(question.count)) : utf8(""));
    });
  };
  const { peers } = threads(silent, others, others);
  const access = accessPeers(peers[0]!);
  await access.adopt();
  expect(asked.splice(0)).toEqual(["users", "users"]);
  expect(await access.newest(2)).toEqual([entry, entry, entry, entry]);
  expect(asked.splice(0)).toEqual(["refusals", "refusals"]);
  await access.forget();
  expect(asked).toEqual(["forget-refusals", "forget-refusals"]);
});
