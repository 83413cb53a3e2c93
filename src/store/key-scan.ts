import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { Random } from "../lib/random.ts";
import { collectKeys, drawEntryAt, POSITIONS } from "./bucket-walk.ts";
import { keyBytesOf, readPayload } from "./entry.ts";
import { nextPosition } from "./index-table.ts";
import { unlockShard } from "./shard-lock.ts";
import type { Shards } from "./shards.ts";

/** Scans the keys of a store, and draws random ones. */

/** Buckets that one step of a scan visits: per key asked for, at least, and under one lock. */
const BUCKETS_PER_KEY = 10;
const LEAST_BUCKETS = 16_384;
export const BUCKETS_PER_LOCK = 64;

/** Random buckets to try before scanning from a random position. */
const RANDOM_TRIES = 64;

/** See `Store.scan`. */
export function scanKeys(
  shards: Shards,
  cursor: number,
  count: number,
  nowMs: number,
  visit: (key: Uint8Array, hash: number) => void,
): number {
  const keys = new ByteBuffer();
  const ends: number[] = [];
  const hashes: number[] = [];
  const wanted = Math.max(count, 1);
  let shardIndex = Math.floor(cursor / POSITIONS);
  let position = cursor % POSITIONS;
  let buckets = Math.max(wanted * BUCKETS_PER_KEY, LEAST_BUCKETS);
  while (shardIndex < shards.all.length && buckets > 0 && ends.length < wanted) {
    const shard = shards.lock(shardIndex);
    try {
      for (let held = 0; held < BUCKETS_PER_LOCK && position < POSITIONS && ends.length < wanted; held++) {
        collectKeys(shard.memory, position, shards.epochs, nowMs, keys, ends, hashes);
        position = nextPosition(shard.memory, position);
        buckets--;
      }
    } finally {
      unlockShard(shard);
    }
    if (position >= POSITIONS) {
      position = 0;
      shardIndex++;
    }
  }
  for (let i = 0; i < ends.length; i++) {
    visit(keys.bytes.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!), hashes[i]!);
  }
  return shardIndex < shards.all.length ? shardIndex * POSITIONS + position : 0;
}

/** See `Store.randomKey`. */
export function drawKey(shards: Shards, random: Random, nowMs: number): Uint8Array | undefined {
  for (let tries = 0; tries < RANDOM_TRIES; tries++) {
    const shard = Math.floor(random.next() * shards.all.length);
    const key = drawKeyAt(shards, shard, Math.floor(random.next() * POSITIONS), random, nowMs);
    if (key !== undefined) return key;
  }
  // There are few keys, far apart: returns the first from a random position on.
  const start =
    Math.floor(random.next() * shards.all.length) * POSITIONS + Math.floor(random.next() * POSITIONS);
  return firstKeyFrom(shards, start, nowMs) ?? firstKeyFrom(shards, 0, nowMs);
}

function drawKeyAt(
  shards: Shards,
  shardIndex: number,
  position: number,
  random: Random,
  nowMs: number,
): Uint8Array | undefined {
  return shards.underLock(shardIndex, ({ memory }) => {
    const slot = drawEntryAt(memory, position, shards.epochs, nowMs, random);
    if (slot === 0) return undefined;
    const key = new ByteBuffer(keyBytesOf(memory, slot));
    readPayload(memory, slot, 0, key.bytes.length, key);
    return key.view();
  });
}

function firstKeyFrom(shards: Shards, start: number, nowMs: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  let cursor = start;
  do {
    cursor = scanKeys(shards, cursor, BUCKETS_PER_LOCK, nowMs, (key) => {
      found ??= key.slice();
    });
  } while (found === undefined && cursor !== 0);
  return found;
}
