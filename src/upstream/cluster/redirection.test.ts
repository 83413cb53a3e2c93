import { expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { ReplyReader } from "../../protocol/reply-reader.ts";
import { type Redirection, readRedirection } from "./redirection.ts";

function read(reply: string): Redirection | undefined {
  const bytes = utf8(reply);
  const reader = new ReplyReader();
  expect(reader.next(bytes, 0, bytes.length)).toBe(bytes.length);
  return readRedirection(bytes, reader);
}

test.each([
  ["MOVED 3999 10.0.0.7:6381", { kind: "moved", slot: 3999, host: "10.0.0.7", port: 6381 }],
  ["ASK 16383 node-7.example:6381", { kind: "ask", slot: 16383, host: "node-7.example", port: 6381 }],
  ["MOVED 0 2001:db8::7:6381", { kind: "moved", slot: 0, host: "2001:db8::7", port: 6381 }],
  // The host that was asked: the node knows no name of the other one, or leaves it out.
  ["MOVED 5 :6381", { kind: "moved", slot: 5, host: "", port: 6381 }],
  ["MOVED 5 ?:6381", { kind: "moved", slot: 5, host: "", port: 6381 }],
  ["TRYAGAIN Multiple keys request during rehashing of slot", undefined],
  ["CLUSTERDOWN The cluster is down", undefined],
] as const)("%s is read", (text, expected) => {
  const [code, ...words] = text.split(" ");
  const later = { kind: "later", code, text: words.join(" ") } as const;
  const redirection = expected ?? later;
  expect(read(`-${text}\r\n`)).toEqual(redirection as Redirection);
  expect(read(`!${text.length}\r\n${text}\r\n`)).toEqual(redirection as Redirection);
});

test("a host's name may be as long as names can be, and no error of more than 400 bytes is looked at", () => {
  for (const length of [253, 389, 390]) {
    const host = "h".repeat(length);
    const text = `MOVED 3 ${host}:12`;
    const expected: Redirection = { kind: "moved", slot: 3, host, port: 12 };
    expect(read(`-${text}\r\n`)).toEqual(text.length <= 400 ? expected : undefined);
  }
});

test.each([
  "-MOVED\r\n",
  "-MOVED 3999\r\n",
  "-MOVED 3999 host\r\n",
  "-MOVED x host:1\r\n",
  "-MOVED 3999 host:x\r\n",
  "-MOVED:1 3999 host\r\n",
  "-ERR MOVED 3999 host:1\r\n",
  "+MOVED 3999 host:1\r\n",
  `-MOVED 3999 ${"h".repeat(400)}:1\r\n`,
])("%j is none", (reply) => {
  expect(read(reply)).toBeUndefined();
});
