import type { Wire } from "./targets.ts";

export type Operation = "get" | "set";

export const VALUE_BYTES = 100;
const VALUE = "x".repeat(VALUE_BYTES);

/** Returns a key of 20 bytes, so that every request and every reply of a run has the same length. */
export function keyOf(index: number): string {
  return `key:${String(index).padStart(16, "0")}`;
}

export function encodeRequest(wire: Wire, operation: Operation, index: number): string {
  const key = keyOf(index);
  if (wire === "text") return operation === "get" ? `GET ${key}\n` : `PUT ${key}=${VALUE}\n`;
  if (wire === "memcached") {
    return operation === "get" ? `get ${key}\r\n` : `set ${key} 0 0 ${VALUE_BYTES}\r\n${VALUE}\r\n`;
  }
  return operation === "get"
    ? `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`
    : `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${VALUE_BYTES}\r\n${VALUE}\r\n`;
}

/** Returns the reply to a successful request; any other reply makes a run void. */
export function expectedReply(wire: Wire, operation: Operation, index: number): string {
  if (wire === "text") return operation === "get" ? `{Proxy Server} : ${VALUE}\n` : "{Backend Server} : OK\n";
  if (wire === "memcached") {
    return operation === "get"
      ? `VALUE ${keyOf(index)} 0 ${VALUE_BYTES}\r\n${VALUE}\r\nEND\r\n`
      : "STORED\r\n";
  }
  return operation === "get" ? `$${VALUE_BYTES}\r\n${VALUE}\r\n` : "+OK\r\n";
}
