/** Every event reaches an observer of the cache, and only once. */
import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { latin1 } from "../lib/bytes.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { CacheObserver } from "./cache-observer.ts";

function text({ bytes, start, end }: KeyRef): string {
  return latin1(bytes, start, end);
}

/** Writes each event as a line. A read is named by the number of its miss. */
class Notes implements CacheObserver {
  readonly lines: string[] = [];
  #reads = 0;

  hit(key: KeyRef, valueBytes: number): void {
    this.lines.push(`hit ${text(key)} ${valueBytes}`);
  }

  missed(key: KeyRef): number {
    this.lines.push(`missed ${text(key)} as ${++this.#reads}`);
    return this.#reads;
  }

  coalesced(): void {
    this.lines.push("coalesced");
  }

  answered(_hash: number, read: number, valueBytes: number, remainingMs: number): void {
    this.lines.push(`answered ${read} ${valueBytes} ${remainingMs}`);
  }

  filled(_hash: number, valueBytes: number, expiresAtMs: number): void {
    this.lines.push(`filled ${valueBytes}${expiresAtMs === 0 ? "" : " expiring"}`);
  }

  refused(_hash: number, why: string): void {
    this.lines.push(`refused ${why}`);
  }

  wrote(key: KeyRef, removes: boolean): void {
    this.lines.push(`${removes ? "removed" : "wrote"} ${text(key)}`);
  }

  invalidated(key: KeyRef, by: string): void {
    this.lines.push(`invalidated ${text(key)} by ${by}`);
  }

  invalidatedAll(slots?: readonly number[]): void {
    this.lines.push(slots === undefined ? "invalidated all" : `invalidated slots ${slots.join(" ")}`);
  }

  left(key: Uint8Array, why: string): void {
    this.lines.push(`left ${latin1(key)} ${why}`);
  }

  take(): string[] {
    return this.lines.splice(0);
  }
}

async function observed(
  options: { readonly memoryBytes?: number; readonly maxEntries?: number } = {},
): Promise<{ origin: FakeOrigin; local: LocalProxy; notes: Notes } & AsyncDisposable> {
  const origin = new FakeOrigin();
  const notes = new Notes();
  const local = await LocalProxy.ready({ origin: origin.port, observer: notes, ...options });
  notes.take();
  return {
    ...{ origin, local, notes },
    async [Symbol.asyncDispose]() {
      await local[Symbol.asyncDispose]();
      origin[Symbol.dispose]();
    },
  };
}

describe("an observer", () => {
  test("is told of misses, fills and hits", async () => {
    await using proxy = await observed();
    const client = await proxy.local.client();
    proxy.origin.values.set("a", "value");
    proxy.origin.values.set("b", "passing");
    proxy.origin.remainingMs.set("b", 60_000);
    await client.must("GET", "a");
    await client.must("GET", "a");
    await client.must("MGET", "a", "b", "none");
    expect(proxy.notes.take()).toEqual([
      ...["missed a as 1", "filled 5", "answered 1 5 -1", "hit a 5"],
      ...["hit a 5", "missed b as 2", "missed none as 3"],
      ...["filled 7 expiring", "answered 2 7 60000", "refused no-value"],
    ]);
  });

  test("is told of coalesced reads, and of each one's value", async () => {
    await using proxy = await observed();
    const [one, other] = await proxy.local.clients(2);
    proxy.origin.values.set("a", "value");
    proxy.origin.holdFrom("GET", "a");
    const first = one!.must("GET", "a");
    await proxy.origin.received(1, "GET", "a");
    const second = other!.must("GET", "a");
    await proxy.origin.until(() => proxy.notes.lines.includes("coalesced"));
    proxy.origin.releaseAll();
    expect(await Promise.all([first, second])).toEqual(["value", "value"]);
    expect(proxy.notes.take()).toEqual([
      ...["missed a as 1", "missed a as 2", "coalesced"],
      ...["filled 5", "answered 1 5 -1", "answered 2 5 -1"],
    ]);
  });

  test("is told why a key was invalidated, and that a fill came too late", async () => {
    await using proxy = await observed();
    const [reader, writer] = await proxy.local.clients(2);
    proxy.origin.values.set("a", "old");
    proxy.origin.holdFrom("GET", "a");
    const read = reader!.must("GET", "a");
    await proxy.origin.received(1, "GET", "a");
    const written = writer!.must("SET", "a", "new");
    await proxy.origin.received(1, "SET", "a");
    proxy.origin.releaseAll();
    expect(await read).toBe("old");
    await written;
    await writer!.must("DEL", "b");
    const lines = proxy.notes.take();
    expect(lines.slice(0, 5)).toEqual([
      ...["missed a as 1", "invalidated a by write", "wrote a", "refused void", "answered 1 3 -1"],
    ]);
    expect(lines).toContain("invalidated a by push");
    expect(lines.slice(-2)).toEqual(["invalidated b by write", "removed b"]);
  });

  test("is told of the loss of a channel", async () => {
    await using proxy = await observed();
    proxy.origin.main.end();
    await proxy.local.logged(/was lost/);
    expect(proxy.notes.take()).toEqual(["invalidated all"]);
  });

  test("is told which hash slots were invalidated", async () => {
    await using proxy = await observed();
    proxy.local.proxy.cache.invalidateAll("channel", [1, 2]);
    expect(proxy.notes.take()).toEqual(["invalidated slots 1 2"]);
  });

  test("is told of evictions and expiries", async () => {
    await using proxy = await observed({ maxEntries: 2 });
    const client = await proxy.local.client();
    for (const key of ["a", "b", "c"]) {
      proxy.origin.values.set(key, key);
      await client.must("GET", key);
    }
    const left = proxy.notes.take().filter((line) => line.startsWith("left"));
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(/^left [ab] evicted$/);
  });
});
