/** A cached read other than GET: what is stored of its replies. A change of the key ends all answers about it. */
import { expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import type { Waiter } from "../coherence/waiter.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { CopySink } from "../store/copy-sink.ts";
import { GET_QUESTION, type Question } from "./question.ts";
import { writeWholeReply } from "./reply-downgrade.ts";

/** HGET, whose value is stored, and HGETALL, whose whole reply is stored. */
function fieldQuestion(name: string): Question {
  const bytes = utf8(name);
  const question: Question = {
    ...GET_QUESTION,
    ...{ kind: 2, bytes, start: 0, end: bytes.length },
    kept: () => question,
    write: (out, key, start, end) => ask(out, ["HGET", name], key, start, end),
  };
  return question;
}

const ALL_FIELDS: Question = {
  ...GET_QUESTION,
  ...{ kind: 3, form: "reply" as const },
  kept: () => ALL_FIELDS,
  write: (out, key, start, end) => ask(out, ["HGETALL"], key, start, end),
  withoutValue: () => undefined,
};

function ask(
  out: ByteBuffer,
  [name, ...rest]: readonly string[],
  key: Uint8Array,
  start: number,
  end: number,
): void {
  const text = Buffer.from(key.subarray(start, end)).toString();
  writeCommand(out, ["PTTL", text]);
  writeCommand(out, [name!, text, ...rest]);
}

/** Reads the key `h` as a session does: from the cache, or else from the origin. @returns what it was given */
function read({ proxy }: LocalProxy, question: Question): Promise<string> {
  const bytes = utf8("h");
  const key = proxy.cache.store.refer(new KeyRef(), bytes, 0, bytes.length);
  const sink = new CopySink();
  if (proxy.readThrough.lookup(key, question, sink, proxy.nowMs())) {
    return Promise.resolve(`hit ${Buffer.from(sink.copy).toString()}`);
  }
  return new Promise((resolve) => {
    const waiter: Waiter = {
      found: (value, start, end) => resolve(`miss ${Buffer.from(value.subarray(start, end)).toString()}`),
      without: ({ kind }) => resolve(kind),
      arriving() {},
      arrived() {},
    };
    proxy.readThrough.load(key, question, waiter, true, proxy.nowMs());
  });
}

const MAP = "%1\r\n$1\r\na\r\n:1\r\n";

test("answers about a key are stored side by side, and go together when the key changes", async () => {
  using origin = new FakeOrigin({
    script: ([name, , field]) =>
      name === "PTTL"
        ? ":-1\r\n"
        : name === "HGET"
          ? `$1\r\n${field}\r\n`
          : name === "HGETALL"
            ? MAP
            : undefined,
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const questions = [fieldQuestion("a"), fieldQuestion("b"), ALL_FIELDS];
  const values = ["a", "b", MAP];
  for (const end of ["push", "write"]) {
    // Two equal questions at once share a flight; different questions do not.
    const first = await Promise.all(
      questions.flatMap((question) => [read(local, question), read(local, question)]),
    );
    expect(first).toEqual(values.flatMap((value) => [`miss ${value}`, `miss ${value}`]));
    // Of several open fills of one key only one is stored, whatever the questions.
    for (const question of questions) await read(local, question);
    const again = await Promise.all(questions.map((question) => read(local, question)));
    expect(again).toEqual(values.map((value) => `hit ${value}`));
    if (end === "push") {
      origin.main.invalidate("h");
      await (await local.client()).must("PING");
    } else {
      const client = await local.client();
      await client.ask("HSET", "h", "a", "2");
    }
    expect(local.proxy.cache.store.stats().entries).toBe(0);
  }
});

test("a whole reply is written in the client's version of RESP", () => {
  const bytes = utf8(MAP);
  const written = ([2, 3] as const).map((version) => {
    const out = new ByteBuffer();
    writeWholeReply(new RespWriter(out, version), bytes, 0, bytes.length);
    return Buffer.from(out.view()).toString();
  });
  expect(written).toEqual(["*2\r\n$1\r\na\r\n:1\r\n", MAP]);
});
