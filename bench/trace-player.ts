import type { Socket } from "bun";
import { openSource } from "../src/sim/source.ts";

const VALUE = "value-of-20-bytes---";
const FOUND_BYTES = `$${VALUE.length}\r\n${VALUE}\r\n`.length;
const OK_BYTES = "+OK\r\n".length;
/** How often to send the requests that are due. */
const SEND_MS = 2;
/** Requests under way at most while keys are written. */
const WRITES_AT_ONCE = 2000;
const CONNECTIONS = 8;

/** Reads the keys of a trace: one number for each read, in order. */
export async function readKeys(trace: string, limit: number): Promise<Uint32Array> {
  const source = await openSource(trace);
  const keys = new Uint32Array(limit);
  let count = 0;
  await source.read(
    (records) => {
      for (let i = 0; i < records.count && count < limit; i++) keys[count++] = records.keyLow[i]!;
      return count < limit;
    },
    () => {},
  );
  return keys.subarray(0, count);
}

/** Some connections to one port, which count the bytes of replies. */
class Connections implements Disposable {
  receivedBytes = 0;
  readonly #sockets: Socket<undefined>[] = [];
  #waiter: { readonly bytes: number; resolve(): void } | undefined;

  static async open(port: number, count: number): Promise<Connections> {
    const connections = new Connections();
    for (let i = 0; i < count; i++) {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: { data: (_, bytes) => connections.#received(bytes.length) },
      });
      connections.#sockets.push(socket);
    }
    return connections;
  }

  send(index: number, text: string): void {
    const socket = this.#sockets[index % this.#sockets.length]!;
    if (socket.write(text) < text.length) throw new Error("the program under test does not keep up");
  }

  /** Resolves when this many bytes have been received in all. */
  async received(bytes: number): Promise<void> {
    if (this.receivedBytes >= bytes) return;
    await new Promise<void>((resolve) => {
      this.#waiter = { bytes, resolve };
    });
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #received(bytes: number): void {
    this.receivedBytes += bytes;
    if (this.#waiter !== undefined && this.receivedBytes >= this.#waiter.bytes) this.#waiter.resolve();
  }
}

/** Writes every key of a trace to the origin. */
export async function writeKeys(port: number, keys: Uint32Array): Promise<void> {
  using connections = await Connections.open(port, 1);
  const distinct = [...new Set(keys)];
  for (let from = 0; from < distinct.length; from += WRITES_AT_ONCE) {
    const some = distinct.slice(from, from + WRITES_AT_ONCE);
    connections.send(0, some.map((key) => request("SET", nameOf(key), VALUE)).join(""));
    await connections.received((from + some.length) * OK_BYTES);
  }
}

/** Reads the keys in order, at a fixed rate. Resolves when all have been answered. */
export async function playKeys(port: number, keys: Uint32Array, requestsPerSecond: number): Promise<void> {
  using connections = await Connections.open(port, CONNECTIONS);
  const begunMs = performance.now();
  let sent = 0;
  let turn = 0;
  while (sent < keys.length) {
    await Bun.sleep(SEND_MS);
    const due = Math.min(keys.length, Math.floor(((performance.now() - begunMs) * requestsPerSecond) / 1000));
    let batch = "";
    for (; sent < due; sent++) batch += request("GET", nameOf(keys[sent]!));
    if (batch !== "") connections.send(turn++, batch);
  }
  await connections.received(keys.length * FOUND_BYTES);
}

function nameOf(key: number): string {
  return `object:${key}`;
}

function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}
