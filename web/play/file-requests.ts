import { TraceError } from "../../src/replay/records.ts";
import { TraceSource } from "../../src/sim/input/trace-source.ts";
import { parseColumns } from "../../src/sim/trace/columns.ts";
import type { Skipped } from "../../src/sim/trace/faults.ts";
import { formatNamed } from "../../src/sim/trace/registry.ts";
import { counted, countText } from "../parts/text.ts";
import { blobBytes } from "./blob-bytes.ts";
import { KeyNames } from "./key-names.ts";
import { OBJECTS_LIMIT, REQUESTS_LIMIT } from "./limits.ts";
import { inWordsOfThePage, type Reading } from "./reading.ts";
import { type Cut, type RequestLimits, type Requests, readRequests } from "./requests.ts";
import { unpack } from "./unpack.ts";

/** A trace as the page has it. */
export interface TraceFile {
  readonly name: string;
  readonly blob: Blob;
  readonly reading: Reading;
}

/** What was read of a file. */
export interface ReadFile {
  readonly requests: Requests;
  /** How it was read, what was left out, and why there is not more: a sentence each. */
  readonly notes: readonly string[];
}

const LIMITS: RequestLimits = { requests: REQUESTS_LIMIT, objects: OBJECTS_LIMIT };

/**
 * Reads a trace in any format of `glasscache simulate`, packed with gzip or zstd or not.
 * @param progress is told the share of the file that has been read
 * @throws TraceError naming the place of what is wrong
 */
export async function readFile(
  file: TraceFile,
  progress: (share: number) => void,
  limits = LIMITS,
): Promise<ReadFile> {
  try {
    return await readTrace(file, progress, limits);
  } catch (error) {
    throw error instanceof TraceError ? new TraceError(inWordsOfThePage(error.message)) : error;
  }
}

async function readTrace(
  { name, blob, reading: { format, columns, skipsBad } }: TraceFile,
  progress: (share: number) => void,
  limits: RequestLimits,
): Promise<ReadFile> {
  const names = new KeyNames();
  let skipped: Skipped | undefined;
  const source = await TraceSource.open(blobBytes(blob), {
    ...{ name, path: name, skipsBad, unpack },
    format: format === undefined ? undefined : await formatNamed(format),
    columns: columns === undefined ? undefined : parseColumns(columns),
    families: names,
    onSkipped: (left) => {
      skipped = left;
    },
  });
  const requests = await readRequests(
    source,
    limits,
    (records, i) => names.nameOf(records, i),
    (done) => progress(blob.size === 0 ? 1 : done / blob.size),
  );
  const { description, doubt } = source.interpretation;
  const notes = [
    `Read as ${description}.`,
    ...(doubt === undefined ? [] : [`${doubt}.`]),
    ...(skipped === undefined ? [] : skippedNotes(skipped)),
    ...(requests.cut === undefined ? [] : [cutNote(requests.cut, requests.count, limits)]),
  ];
  return { requests, notes: notes.map(inWordsOfThePage) };
}

function skippedNotes({ bad, firstBad, ignoredKinds }: Skipped): string[] {
  const notes: string[] = [];
  if (bad > 0) notes.push(`${counted(bad, "broken record")} left out; the first: ${firstBad}.`);
  for (const [what, count] of ignoredKinds) notes.push(`Left out: ${countText(count)} ${what}.`);
  return notes;
}

function cutNote(cut: Cut, count: number, limits: RequestLimits): string {
  const why =
    cut === "requests"
      ? "this page replays no more"
      : `they have ${limits.objects.toLocaleString("en")} keys, and this page replays no more`;
  return `The first ${count.toLocaleString("en")} requests were taken: ${why}.`;
}
