import { expect } from "bun:test";
import fc from "fast-check";
import { ByteBuffer, type ValueSink } from "../lib/byte-buffer.ts";
import { fromLatin1, latin1, utf8 } from "../lib/bytes.ts";
import type { ManualClock } from "../lib/clock.ts";
import { type Engine, NEVER, setWhole } from "./engine.ts";

export type Operation =
  | { type: "set"; key: string; value: string; ttlMs: number }
  | { type: "setExpiry"; key: string; ttlMs: number }
  | { type: "delete" | "look"; key: string }
  | { type: "clear" | "removeExpired" | "settle" | "settleLater" | "turn" | "compare" }
  | { type: "advance"; ms: number };

const keys = fc.oneof(
  fc.constantFrom("", "\0", "\0\0", "a", "b", "ab", "ÿ", "x".repeat(60)),
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 2,
  }),
);
const values = fc.oneof(
  fc.constantFrom("", "1", "value", "x".repeat(5000)),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
);
/** 0 stands for no expiry. Some expiries are in the past. */
const timesToLive = fc.oneof(fc.constant(0), fc.integer({ min: -5, max: 60 }));

/** Steps for a model to take. */
export const operations: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constant("set" as const), key: keys, value: values, ttlMs: timesToLive }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("setExpiry" as const), key: keys, ttlMs: timesToLive }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("delete" as const), key: keys }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("look" as const), key: keys }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Operation>({ type: "removeExpired" }, { type: "compare" }),
  },
  { weight: 2, arbitrary: fc.constant<Operation>({ type: "settle" }) },
  { weight: 3, arbitrary: fc.constantFrom<Operation>({ type: "settleLater" }, { type: "turn" }) },
  { weight: 1, arbitrary: fc.constant<Operation>({ type: "clear" }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
);

/** A plain map that does what an engine should do. */
export class EngineModel {
  #engine: Engine;
  readonly #clock: ManualClock;
  /** The promise that the next "settle" awaits. */
  #settling: Promise<void> | undefined;
  /** Keys that the engine reported as expired. */
  readonly #gone: string[];
  /** Expired entries stay until they are overwritten or removed, as an engine may keep them. */
  readonly #entries = new Map<string, { value: string; expiresAtMs: number }>();

  constructor(engine: Engine, clock: ManualClock, gone: string[]) {
    this.#engine = engine;
    this.#clock = clock;
    this.#gone = gone;
  }

  /** Continues with another engine, which should hold the same. */
  moveTo(engine: Engine): void {
    this.#engine = engine;
  }

  async take(step: Operation): Promise<void> {
    switch (step.type) {
      case "set": {
        const expiresAtMs = this.#expiryAfter(step.ttlMs);
        setWhole(this.#engine, fromLatin1(step.key), fromLatin1(step.value), expiresAtMs);
        this.#entries.set(step.key, { value: step.value, expiresAtMs });
        break;
      }
      case "setExpiry": {
        const expiresAtMs = this.#expiryAfter(step.ttlMs);
        const entry = this.#live(step.key);
        expect(this.#engine.setExpiry(fromLatin1(step.key), expiresAtMs)).toBe(entry !== undefined);
        if (entry !== undefined) entry.expiresAtMs = expiresAtMs;
        break;
      }
      case "delete": {
        const isLive = this.#live(step.key) !== undefined;
        expect(this.#engine.delete(fromLatin1(step.key))).toBe(isLive);
        this.#entries.delete(step.key);
        break;
      }
      case "look":
        this.#look(step.key);
        break;
      case "clear":
        this.#engine.clear();
        this.#entries.clear();
        break;
      case "advance":
        this.#clock.advance(step.ms);
        break;
      case "settle":
        // Writes after the last "settleLater" are not settled then.
        await (this.#settling ?? this.#engine.settle());
        this.#settling = undefined;
        break;
      case "settleLater":
        this.#settling ??= this.#engine.settle();
        break;
      case "turn":
        // Lets the engine's background work begin.
        await new Promise((resolve) => setImmediate(resolve));
        break;
      case "removeExpired":
        this.#removeExpired();
        break;
      case "compare":
        this.compare();
    }
    this.#checkRemovals();
  }

  #expiryAfter(ttlMs: number): number {
    return ttlMs === 0 ? NEVER : this.#clock.wallMs() + ttlMs;
  }

  #live(key: string): { value: string; expiresAtMs: number } | undefined {
    const entry = this.#entries.get(key);
    const isLive =
      entry !== undefined && (entry.expiresAtMs === NEVER || entry.expiresAtMs > this.#clock.wallMs());
    return isLive ? entry : undefined;
  }

  #look(key: string): void {
    const entry = this.#live(key);
    const bytes = fromLatin1(key);
    expect(this.#engine.expiry(bytes)).toBe(entry?.expiresAtMs);
    expect(this.#engine.length(bytes)).toBe(entry?.value.length);
    expect(read(this.#engine, bytes)).toBe(entry?.value);
    const got = this.#engine.get(bytes);
    expect(got === undefined ? undefined : latin1(got.value)).toBe(entry?.value);
    expect(got?.expiresAtMs).toBe(entry?.expiresAtMs);
  }

  #removeExpired(): void {
    let live = 0;
    let expiring = 0;
    for (const [key, entry] of [...this.#entries]) {
      if (this.#live(key) === undefined) this.#entries.delete(key);
      else {
        live++;
        if (entry.expiresAtMs !== NEVER) expiring++;
      }
    }
    while (this.#engine.removeExpired(3) === 3);
    expect(this.#engine.size()).toBe(live);
    expect(this.#engine.expiringCount()).toBe(expiring);
  }

  /**
   * An engine may report a key only after its expiry. Another check covers that it is not reported twice without a
   * set.
   */
  #checkRemovals(): void {
    for (const key of this.#gone.splice(0)) expect(this.#live(key)).toBeUndefined();
  }

  compare(): void {
    const live = [...this.#entries.keys()].filter((key) => this.#live(key) !== undefined);
    expect(scanAll(this.#engine, 3).sort()).toEqual(live.sort());
    for (const key of live) this.#look(key);
    expect(this.#engine.size()).toBeGreaterThanOrEqual(live.length);
    expect(this.#engine.size()).toBeLessThanOrEqual(this.#entries.size);
    const drawn = this.#engine.randomKey();
    if (live.length === 0) expect(drawn).toBeUndefined();
    else expect(live).toContain(latin1(drawn!));
  }
}

/** A sink that records what it gets. */
export class BufferSink implements ValueSink {
  readonly buffer = new ByteBuffer(16);

  openValue(lengthBytes: number): ByteBuffer {
    this.buffer.reserve(lengthBytes);
    return this.buffer;
  }

  closeValue(): void {
    this.buffer.append(utf8("|"));
  }

  text(): string {
    return latin1(this.buffer.view());
  }
}

/** Returns the value as `read` delivers it. */
export function read(engine: Engine, key: Uint8Array): string | undefined {
  const sink = new BufferSink();
  if (!engine.read(key, 0, key.length, sink)) return undefined;
  expect(sink.text().endsWith("|")).toBe(true);
  return sink.text().slice(0, -1);
}

/** Returns all keys that a scan visits. */
export function scanAll(engine: Engine, count: number): string[] {
  const keys: string[] = [];
  let cursor = 0;
  do cursor = engine.scan(cursor, count, (key) => keys.push(latin1(key)));
  while (cursor !== 0);
  return keys;
}
