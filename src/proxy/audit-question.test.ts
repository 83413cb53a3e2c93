import { expect, test } from "bun:test";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import type { Upstream, UpstreamRequest } from "../upstream/upstream-request.ts";
import { type AuditAnswer, AuditQuestion } from "./audit-question.ts";
import { type AuditedRead, DigestingSink, isServed } from "./audited-read.ts";
import { GET_QUESTION, type Question } from "./question.ts";

const KEY_BYTES = fromLatin1("xkeyx");

function read(reply: string): { bytes: Uint8Array; reader: ReplyReader } {
  const bytes = fromLatin1(reply);
  const reader = new ReplyReader();
  expect(reader.next(bytes, 0, bytes.length)).toBe(bytes.length);
  return { bytes, reader };
}

test("GET asks for the time to live first, and for the value second", () => {
  const out = new ByteBuffer();
  GET_QUESTION.write(out, KEY_BYTES, 1, 4);
  expect(latin1(out.view())).toBe("*2\r\n$4\r\nPTTL\r\n$3\r\nkey\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  expect(GET_QUESTION.replies).toBe(2);
  expect(GET_QUESTION.kept()).toBe(GET_QUESTION);
});

test.each([
  [":1500\r\n", 1500],
  [":-1\r\n", -1],
  [":-2\r\n", -2],
  ["$4\r\n1500\r\n", undefined],
  ["-ERR no\r\n", undefined],
])("the time to live in %j is %p", (reply, remainingMs) => {
  const { bytes, reader } = read(reply);
  expect(GET_QUESTION.remainingMs(bytes, reader)).toBe(remainingMs as number);
});

test("the answer to GET is a value, or says why there is none", () => {
  const why = (reply: string) => {
    const { bytes, reader } = read(reply);
    return GET_QUESTION.withoutValue(bytes, 0, bytes.length, reader);
  };
  expect(why("$1\r\na\r\n")).toBeUndefined();
  expect(why("_\r\n")).toEqual({ kind: "missing" });
  expect(why("$-1\r\n")).toEqual({ kind: "missing" });
  expect(why("-WRONGTYPE no\r\n")).toEqual({ kind: "refused", message: "WRONGTYPE no", isWrongType: true });
  expect(why("-NOPERM no\r\n")).toEqual({ kind: "refused", message: "NOPERM no", isWrongType: false });
  expect(why(":1\r\n")).toEqual({ kind: "odd", bytes: fromLatin1(":1\r\n"), start: 0, end: 4 });
});

/** What a read was served with: its digest as it is taken on the way to a client. */
function audited(value: string, question: Question = GET_QUESTION): AuditedRead {
  const out = new ByteBuffer();
  out.append(fromLatin1("before"));
  let closed = 0;
  const sink = new DigestingSink({ openValue: () => out, closeValue: () => closed++ });
  expect(sink.takesLarge).toBe(false);
  sink.openValue(value.length).append(fromLatin1(value));
  sink.closeValue();
  expect([latin1(out.view()), closed]).toEqual([`before${value}`, 1]);
  const key = { bytes: KEY_BYTES, start: 1, end: 4 } as KeyRef;
  return { key, question, valueBytes: value.length, digest: sink.digest! } as AuditedRead;
}

test("a value is the one that was served if length and digest are", () => {
  const served = audited("abc");
  expect(isServed(served, fromLatin1("xabcx"), 1, 4)).toBe(true);
  expect(isServed(served, fromLatin1("xabdx"), 1, 4)).toBe(false);
  expect(isServed({ ...served, valueBytes: 4 }, fromLatin1("abc"), 0, 3)).toBe(false);
});

test("a large value is handed on as it is, and has no digest", () => {
  const taken: unknown[] = [];
  const inner = { takesLarge: true, takeLarge: (value: unknown) => taken.push(value) };
  const sink = new DigestingSink(inner as never);
  sink.takeLarge("value" as never);
  expect([sink.takesLarge, sink.digest, taken]).toEqual([true, undefined, ["value"]]);
});

/** An audit that has been sent, and what it has found out. */
function audit(value: string, form: Question["form"] = "bytes") {
  const answers: AuditAnswer[] = [];
  const question = new AuditQuestion(audited(value, { ...GET_QUESTION, form }), (answer) =>
    answers.push(answer),
  );
  const out = new ByteBuffer();
  const enqueued: UpstreamRequest[] = [];
  question.send({
    out,
    enqueue: (request: UpstreamRequest) => enqueued.push(request),
  } as unknown as Upstream);
  expect(latin1(out.view())).toEndWith("$3\r\nGET\r\n$3\r\nkey\r\n");
  expect([question.repliesAwaited, enqueued]).toEqual([2, [question]]);
  return {
    ...{ question, answers },
    replies(reply: string): void {
      const { bytes, reader } = read(reply);
      question.repliesAwaited--;
      question.reply(bytes, 0, bytes.length, reader);
    },
  };
}

test.each([
  ["$3\r\nabc\r\n", "same"],
  ["$3\r\nabd\r\n", "different"],
  ["_\r\n", "unknown"],
  ["-ERR no\r\n", "unknown"],
] as const)("an audit that gets %j has found: %s", (reply, answer) => {
  const { replies, answers } = audit("abc");
  replies(":-1\r\n");
  expect(answers).toEqual([]);
  replies(reply);
  expect(answers).toEqual([answer]);
});

test("a reply in another order proves nothing", () => {
  const set = audit("$1\r\na\r\n", "reply");
  for (const reply of [":-1\r\n", "$1\r\na\r\n"]) set.replies(reply);
  expect(set.answers).toEqual(["same"]);
  const other = audit("$1\r\na\r\n", "reply");
  for (const reply of [":-1\r\n", "$1\r\nb\r\n"]) other.replies(reply);
  expect(other.answers).toEqual(["unknown"]);
  expect(other.question.takeLarge()).toBeUndefined();
});

test("a large value is another one, of which nothing is kept", () => {
  const { question, answers } = audit("abc");
  const sink = question.takeLarge()!;
  expect(sink.append(fromLatin1("abc"), 0, 3)).toBe(false);
  expect(answers).toEqual([]);
  sink.complete();
  expect(answers).toEqual(["different"]);
});

test("without an answer nothing is known", () => {
  const { question, answers } = audit("abc");
  question.failed();
  expect(answers).toEqual(["unknown"]);
});
