import { NextAccesses, WordsInMemory } from "../../src/replay/next-access.ts";
import { NumberedBatch } from "../../src/replay/numbered-batch.ts";
import { Numbering } from "../../src/replay/numbering.ts";
import { RecordBatch, type RecordSource } from "../../src/replay/records.ts";
import { type WorkingSet, WorkingSetMeter } from "../../src/sim/working-set.ts";
import { parseSpecification } from "../../src/sim/workload/specification.ts";
import { generatedObject, openWorkload } from "../../src/sim/workload/workload.ts";
import type { PlaySettings } from "./settings.ts";
import { parseTyped } from "./typed-requests.ts";

/** All requests of a run, numbered, in memory. */
export interface Requests {
  readonly count: number;
  /** With the distance to each next access, which the optimum needs. */
  readonly batch: NumberedBatch;
  readonly workingSet: WorkingSet;
  /** Returns the name of an object, by its number from 1. */
  nameOf(object: number): string;
}

/** Makes the requests of these settings. @throws RangeError */
export function openRequests({ workload, seed }: Pick<PlaySettings, "workload" | "seed">): Promise<Requests> {
  if (workload.kind === "typed") return typedRequests(workload.text);
  const specification = parseSpecification(workload.text)!;
  const { requests } = workload;
  const parameters = new Map([...specification.parameters, ["requests", requests], ["seed", seed]]);
  const source = openWorkload({ name: specification.name, parameters } as typeof specification);
  const isPopular = specification.name === "loop" ? (parameters.get("n") ?? 10_000) : 0;
  return readRequests(source, requests, (low, high) => objectName(generatedObject(low, high), isPopular));
}

/** Reads all records of a source. @param most their greatest number */
export async function readRequests(
  source: RecordSource,
  most: number,
  nameOfKey: (keyLow: number, keyHigh: number) => string,
): Promise<Requests> {
  const numbering = new Numbering(false, false);
  const all = new NumberedBatch(most);
  const meter = new WorkingSetMeter();
  const part = new NumberedBatch(new RecordBatch().capacity);
  const names: string[] = [""];
  await source.read((records) => {
    for (let from = 0; from < records.count && !all.isFull; from += part.count) {
      numbering.number(records, from, part);
      part.count = Math.min(part.count, all.capacity - all.count);
      for (let i = 0; i < part.count; i++) {
        const object = part.objects[i]!;
        if (object === names.length)
          names.push(nameOfKey(records.keyLow[from + i]!, records.keyHigh[from + i]!));
      }
      meter.add(part, numbering.objects);
      append(all, part);
    }
    return !all.isFull;
  });
  return finished(all, meter.finish(), names);
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
  const meter = new WorkingSetMeter();
  meter.add(all, names.length - 1);
  return finished(all, meter.finish(), names);
}

function finished(batch: NumberedBatch, workingSet: WorkingSet, names: readonly string[]): Requests {
  using next = new NextAccesses(new WordsInMemory());
  next.append(batch);
  next.finish(workingSet.objects);
  next.take(batch.nextDistance, batch.count);
  batch.hasNextDistances = true;
  return { count: batch.count, batch, workingSet, nameOf: (object) => names[object]! };
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
    all.timeMs.set(part.timeMs.subarray(0, count), at);
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
