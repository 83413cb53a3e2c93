import { ReplyError } from "../../src/protocol/reply-value.ts";
import type { RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";

/** A write that was acknowledged. */
interface Write {
  readonly version: number;
  readonly acknowledgedMs: number;
}

interface Read {
  readonly key: number;
  readonly beganMs: number;
  /** The versions that the value shows. */
  readonly value: string;
}

/** How long a writer rests, so that readers find values in the cache. */
const REST_MS = 3;

/**
 * Clients that write and read through a proxy while its origin fails. Each writer appends one version after the other
 * to a key of its own, so a value tells all writes that it has seen. The values that the origin has in the end tell
 * which writes have survived: a failover may lose the last ones.
 */
export class FailoverLoad {
  readonly #writes: Write[][] = [];
  readonly #reads: Read[] = [];
  readonly #running: Promise<void>[] = [];
  #isOver = false;

  /** @param writers each has a key of its own @param readers each reads all keys in turn */
  constructor(writers: readonly RespClient[], readers: readonly RespClient[]) {
    for (const [key, client] of writers.entries()) {
      this.#writes.push([]);
      this.#running.push(this.#write(client, key));
    }
    for (const client of readers) this.#running.push(this.#read(client, writers.length));
  }

  static keyOf(writer: number): string {
    return `key ${writer}`;
  }

  /** Waits until each writer has had so many more writes acknowledged. */
  async goesOn(writes: number): Promise<void> {
    const before = this.#writes.map(({ length }) => length);
    await until(
      () => this.#writes.every(({ length }, key) => length >= before[key]! + writes),
      "writes are acknowledged",
    );
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  /** The longest time in which a writer had no write acknowledged. */
  get longestPauseMs(): number {
    const pauses = this.#writes.flatMap((writes) =>
      writes.slice(1).map(({ acknowledgedMs }, index) => acknowledgedMs - writes[index]!.acknowledgedMs),
    );
    return Math.max(...pauses);
  }

  get readCount(): number {
    return this.#reads.length;
  }

  /**
   * Finds the reads that began after a write was acknowledged that has survived, and do not show it.
   * @param values what the origin has in the end, by key
   */
  staleReads(values: readonly string[]): string[] {
    const survivors = this.#writes.map((writes, key) => {
      const versions = new Set(values[key]!.split(" "));
      return writes.filter(({ version }) => versions.has(String(version)));
    });
    return this.#reads.flatMap(({ key, beganMs, value }) => {
      const latest = survivors[key]!.findLast(({ acknowledgedMs }) => acknowledgedMs < beganMs);
      if (latest === undefined || ` ${value} `.includes(` ${latest.version} `)) return [];
      return [`${FailoverLoad.keyOf(key)} lacks ${latest.version}: ...${value.slice(-40)}`];
    });
  }

  /** How many acknowledged writes have not survived. */
  lostWrites(values: readonly string[]): number {
    return this.#writes
      .map((writes, key) => {
        const versions = new Set(values[key]!.split(" "));
        return writes.filter(({ version }) => !versions.has(String(version))).length;
      })
      .reduce((sum, each) => sum + each, 0);
  }

  async #write(client: RespClient, key: number): Promise<void> {
    for (let version = 1; !this.#isOver; version++) {
      const reply = await client.ask("APPEND", FailoverLoad.keyOf(key), ` ${version}`);
      if (!(reply instanceof ReplyError)) {
        this.#writes[key]!.push({ version, acknowledgedMs: performance.now() });
      }
      await Bun.sleep(REST_MS);
    }
  }

  async #read(client: RespClient, keys: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const key = turn % keys;
      const beganMs = performance.now();
      const value = await client.ask("GET", FailoverLoad.keyOf(key));
      if (value instanceof ReplyError) await Bun.sleep(1);
      else this.#reads.push({ key, beganMs, value: String(value ?? "") });
    }
  }
}
