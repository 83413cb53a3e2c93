import { NextAccesses, WordsInMemory } from "../../src/replay/next-access.ts";
import { NumberedBatch } from "../../src/replay/numbered-batch.ts";
import { Numbering } from "../../src/replay/numbering.ts";
import { RecordBatch, type RecordSource } from "../../src/replay/records.ts";
import { type WorkingSet, WorkingSetMeter } from "../../src/sim/working-set.ts";
import { parseSpecification } from "../../src/sim/workload/specification.ts";
import { generatedObject, openWorkload } from "../../src/sim/workload/workload.ts";
import type { MadeWorkload } from "./settings.ts";
import { parseTyped } from "./typed-requests.ts";

/** All requests of a run, numbered, in memory. */
export interface Requests {
  readonly count: number;
  /** With the distance to each next access, which the optimum needs. */
  readonly batch: NumberedBatch;
  /** Whether the requests have times of their own: milliseconds after the first, in the batch. */
  readonly hasTimes: boolean;
  readonly workingSet: WorkingSet;
  /** Why there are not more of them; undefined: these are all. */
  readonly cut: Cut | undefined;
  /** Returns the name of an object, by its number from 1. */
  nameOf(object: number): string;
}

/** The limit that a source's requests have met. */
export type Cut = "requests" | "objects";

/** Makes the requests of these settings. @throws RangeError */
export function openRequests({
  workload,
  seed,
}: {
  readonly workload: MadeWorkload;
  readonly seed: number;
}): Promise<Requests> {
  if (workload.kind === "typed") return typedRequests(workload.text);
  const specification = parseSpecification(workload.text)!;
  const { requests } = workload;
  const parameters = new Map([...specification.parameters, ["requests", requests], ["seed", seed]]);
  const source = openWorkload({ name: specification.name, parameters } as typeof specification);
  const isPopular = specification.name === "loop" ? (parameters.get("n") ?? 10_000) : 0;
  // A generator has no more objects than requests.
  const limits = { requests, objects: requests, ignoresTimes: true };
  return readRequests(source, limits, ({ keyLow, keyHigh }, i) =>
    objectName(generatedObject(keyLow[i]!, keyHigh[i]!), isPopular),
  );
}

export interface RequestLimits {
  readonly requests: number;
  readonly objects: number;
  /** Whether times are none: a generator counts its requests with them. */
  readonly ignoresTimes?: boolean;
}

const FIRST_CAPACITY = 65_536;

/**
 * Reads the records of a source, as many as the limits allow.
 * @param nameOf names the object of a record; called for the first record of each
 */
export async function readRequests(
  source: RecordSource,
  limits: RequestLimits,
  nameOf: (records: RecordBatch, index: number) => string,
  progress?: (done: number) => void,
): Promise<Requests> {
  const numbering = new Numbering(false, false);
  const meter = new WorkingSetMeter();
  const part = new NumberedBatch(new RecordBatch().capacity);
  const names: string[] = [""];
  let all = new NumberedBatch(Math.min(limits.requests, FIRST_CAPACITY));
  let startMs: number | undefined;
  let hasTimes = false;
  let cut: Cut | undefined;
  await source.read((records) => {
    for (let from = 0; from < records.count && cut === undefined; from += part.count) {
      numbering.number(records, from, part);
      if (part.count > limits.requests - all.count) {
        part.count = limits.requests - all.count;
        cut = "requests";
      }
      for (let i = 0; i < part.count; i++) {
        const object = part.objects[i]!;
        if (object < names.length) continue;
        if (names.length > limits.objects) {
          part.count = i;
          cut = "objects";
        } else names.push(nameOf(records, from + i));
      }
      const at = all.count;
      all = withRoom(all, part.count, limits.requests);
      meter.add(part, names.length - 1);
      append(all, part);
      startMs ??= records.timeMs[0]!;
      for (let i = 0; i < part.count; i++) {
        const timeMs = records.timeMs[from + i]! - startMs;
        all.timeMs[at + i] = timeMs;
        hasTimes ||= timeMs !== 0 && limits.ignoresTimes !== true;
      }
    }
    return cut === undefined;
  }, progress);
  return finished(all, meter.finish(), (object) => names[object]!, hasTimes, cut);
}

/** Returns a batch with the same records and room for more. */
function withRoom(batch: NumberedBatch, more: number, most: number): NumberedBatch {
  const needed = batch.count + more;
  if (needed <= batch.capacity) return batch;
  const larger = new NumberedBatch(Math.min(most, Math.max(needed, 2 * batch.capacity)));
  larger.header = batch.header;
  for (const column of ["size", "timeMs", "ttlMs", "objects", "operation"] as const) {
    larger[column].set(batch[column]);
  }
  return larger;
}

async function typedRequests(text: string): Promise<Requests> {
  const words = parseTyped(text);
  const all = new NumberedBatch(words.length);
  const names: string[] = [""];
  const numbers = new Map<string, number>();
  for (const word of words) {
    if (!numbers.has(word)) {
      numbers.set(word, names.length);
      names.push(word);
    }
    all.objects[all.count++] = numbers.get(word)!;
  }
  return requestsOf(all, names.length - 1, (object) => names[object]!, false);
}

/** Makes requests of numbered records. @param objects how many different ones there are */
export function requestsOf(
  batch: NumberedBatch,
  objects: number,
  nameOf: (object: number) => string,
  hasTimes: boolean,
): Requests {
  const meter = new WorkingSetMeter();
  meter.add(batch, objects);
  return finished(batch, meter.finish(), nameOf, hasTimes, undefined);
}

function finished(
  batch: NumberedBatch,
  workingSet: WorkingSet,
  nameOf: Requests["nameOf"],
  hasTimes: boolean,
  cut: Cut | undefined,
): Requests {
  using next = new NextAccesses(new WordsInMemory());
  next.append(batch);
  next.finish(workingSet.objects);
  next.take(batch.nextDistance, batch.count);
  batch.hasNextDistances = true;
  return { count: batch.count, batch, hasTimes, workingSet, cut, nameOf };
}

/** Adds records; columns that one of both lacks are filled with what stands for their absence. */
function append(all: NumberedBatch, part: NumberedBatch): void {
  const { count: at } = all;
  const { count } = part;
  all.objects.set(part.objects.subarray(0, count), at);
  if (part.hasSizes && !all.hasSizes) all.size.fill(1, 0, at);
  if (part.hasSizes) all.size.set(part.size.subarray(0, count), at);
  else if (all.hasSizes) all.size.fill(1, at, at + count);
  if (part.hasOperations) {
    all.operation.set(part.operation.subarray(0, count), at);
    all.ttlMs.set(part.ttlMs.subarray(0, count), at);
  }
  all.hasSizes ||= part.hasSizes;
  all.hasOperations ||= part.hasOperations;
  all.count += count;
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * Names a generator's object so that regular visitors can be told from strangers: the most popular ones are letters.
 * @param isPopularFrom the number of the most popular object
 */
function objectName(object: number, isPopularFrom: number): string {
  const rank = object - isPopularFrom;
  return rank >= 0 && rank < LETTERS.length ? LETTERS[rank]! : String(object + 1);
}
