import type { Socket } from "bun";
import type { SeededRandom } from "../src/lib/random.ts";
import { request } from "./endurance-client.ts";
import { keyOf, writeValue } from "./endurance-values.ts";

/**
 * Keys written by clients that disconnect. Their values are not checked. Their numbers follow those of other keys.
 */
export const LOOSE_KEYS = 2000;
const LARGE_KEYS = 10;
const LARGE_BYTES = 300_000;
const SMALL_BYTES = 200;
const REQUESTS = 50;

/** When a client disconnects: when it has sent everything, when the first bytes come back, or by closing its side. */
type Moment = "sent" | "first reply" | "half-closed";

/** What a client sends before it disconnects, and when it disconnects. */
interface Disconnect {
  readonly name: string;
  readonly moment: Moment;
  /** Relative frequency. */
  readonly weight: number;
  bytes(random: SeededRandom, firstKey: number): Buffer;
}

const DISCONNECTS: readonly Disconnect[] = [
  { name: "nothing sent", moment: "sent", weight: 6, bytes: () => Buffer.alloc(0) },
  { name: "amid reads", moment: "first reply", weight: 20, bytes: reads },
  { name: "amid writes", moment: "sent", weight: 20, bytes: writes },
  { name: "amid writes that expire", moment: "first reply", weight: 10, bytes: expiringWrites },
  { name: "half a request", moment: "sent", weight: 8, bytes: (random, first) => half(random, first, 1000) },
  {
    name: "half a large value",
    moment: "sent",
    weight: 1,
    bytes: (random, first) => half(random, first, 400_000),
  },
  { name: "amid large values", moment: "first reply", weight: 1, bytes: largeReads },
  { name: "in a transaction", moment: "first reply", weight: 6, bytes: transaction },
  { name: "watching", moment: "first reply", weight: 4, bytes: watching },
  { name: "tracking", moment: "first reply", weight: 8, bytes: tracking },
  { name: "subscribed", moment: "first reply", weight: 3, bytes: () => text(request("SUBSCRIBE", "news")) },
  {
    name: "broken protocol",
    moment: "first reply",
    weight: 3,
    bytes: () => text("*2\r\n$3\r\nGET\r\n$-7\r\n"),
  },
  {
    name: "text, one line",
    moment: "half-closed",
    weight: 4,
    bytes: (_, first) => text(`GET ${keyOf(first)}`),
  },
  { name: "text, amid writes", moment: "sent", weight: 6, bytes: textWrites },
  { name: "amid DUMP", moment: "first reply", weight: 0.05, bytes: () => text("DUMP\n") },
  { name: "QUIT", moment: "half-closed", weight: 4, bytes: () => text(request("QUIT")) },
];
const TOTAL_WEIGHT: number = DISCONNECTS.reduce((sum, { weight }) => sum + weight, 0);
/** A disconnect that takes longer is a failure. */
const PATIENCE_MS = 60_000;

/**
 * Connects, sends a request, and disconnects without waiting for all replies.
 * @returns when the connection is closed
 */
export function connectBriefly(port: number, random: SeededRandom, firstKey: number): Promise<void> {
  const { name, moment, bytes } = draw(random);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`${name}: nothing happens any more`)), PATIENCE_MS);
  let unsent = bytes(random, firstKey);
  const send = (socket: Socket<undefined>): void => {
    unsent = unsent.subarray(Math.max(socket.write(unsent), 0));
    if (unsent.length > 0) return;
    if (moment === "sent") socket.terminate();
    if (moment === "half-closed") socket.shutdown();
  };
  Bun.connect({
    hostname: "127.0.0.1",
    port,
    allowHalfOpen: true,
    socket: {
      open: send,
      drain: send,
      data(socket) {
        if (moment === "first reply") socket.terminate();
      },
      end: (socket) => void socket.end(),
      close: () => resolve(),
      connectError: (_socket, error) => reject(error),
    },
  }).catch(reject);
  return promise.finally(() => clearTimeout(timer));
}

function draw(random: SeededRandom): Disconnect {
  let left = random.next() * TOTAL_WEIGHT;
  for (const disconnect of DISCONNECTS) {
    left -= disconnect.weight;
    if (left < 0) return disconnect;
  }
  return DISCONNECTS[0]!;
}

function text(characters: string): Buffer {
  return Buffer.from(characters, "latin1");
}

function looseKey(random: SeededRandom, first: number): number {
  return first + LARGE_KEYS + random.below(LOOSE_KEYS - LARGE_KEYS);
}

function value(id: number, random: SeededRandom, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  writeValue(bytes, 0, id, random.below(2 ** 31), size);
  return bytes;
}

function set(id: number, random: SeededRandom, size: number, ...options: readonly string[]): Buffer {
  const body = value(id, random, size).toString("latin1");
  return text(request("SET", keyOf(id), body, ...options));
}

function many(count: number, make: () => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, make));
}

function reads(random: SeededRandom, first: number): Buffer {
  return many(REQUESTS, () => text(request("GET", keyOf(random.below(first + LOOSE_KEYS)))));
}

function writes(random: SeededRandom, first: number): Buffer {
  return many(REQUESTS, () => set(looseKey(random, first), random, SMALL_BYTES));
}

function expiringWrites(random: SeededRandom, first: number): Buffer {
  return many(REQUESTS, () =>
    set(looseKey(random, first), random, SMALL_BYTES, "PX", String(1 + random.below(500))),
  );
}

function half(random: SeededRandom, first: number, size: number): Buffer {
  const whole = set(looseKey(random, first), random, size);
  return whole.subarray(0, 30 + random.below(whole.length - 30));
}

/** Writes a large value, and requests it more often than the client reads. */
function largeReads(random: SeededRandom, first: number): Buffer {
  const id = first + random.below(LARGE_KEYS);
  return Buffer.concat([set(id, random, LARGE_BYTES), many(8, () => text(request("GET", keyOf(id))))]);
}

function transaction(random: SeededRandom, first: number): Buffer {
  return Buffer.concat([text(request("MULTI")), writes(random, first)]);
}

function watching(random: SeededRandom, first: number): Buffer {
  return many(REQUESTS, () => text(request("WATCH", keyOf(looseKey(random, first)))));
}

function tracking(random: SeededRandom, first: number): Buffer {
  const setUp = text(request("HELLO", "3") + request("CLIENT", "TRACKING", "ON"));
  return Buffer.concat([setUp, reads(random, first)]);
}

function textWrites(random: SeededRandom, first: number): Buffer {
  return many(REQUESTS, () => {
    const id = looseKey(random, first);
    return text(`PUT ${keyOf(id)}=${value(id, random, SMALL_BYTES).toString("latin1")}\n`);
  });
}
