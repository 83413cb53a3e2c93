import {
  type History,
  NOBODY,
  type Operation,
  ORIGIN,
  type Read,
  type Site,
  UNTOLD,
  UNWRITTEN,
  type Write,
} from "./history.ts";

/**
 * Which promise a read broke.
 * - `acknowledged`: older than a write that had been acknowledged through the same proxy before the read began.
 * - `backwards`: older than what an earlier read through the same proxy had returned.
 * - `bound`: older than what had been written or read anywhere more than the staleness bound earlier (at the origin
 *   itself: any time earlier).
 * - `order`: older than what the same connection had written or read before it in its pipeline.
 * - `expired`: a value whose time to live was over.
 * - `invented`: a value that nobody had written by then, or whose write is known to have failed.
 */
export type Rule = "acknowledged" | "backwards" | "bound" | "order" | "expired" | "invented";

export interface Violation {
  readonly rule: Rule;
  readonly read: Read;
  /** What the read should have known of, where there is such a thing. */
  readonly missed: Operation | undefined;
}

/**
 * Finds the reads that no cache keeping its promises could have returned.
 *
 * A read of "nothing" does not tell which of several deletions it saw. It is taken for the oldest one that breaks no
 * promise, which is the choice that asks least of later reads; so nothing is reported that has an explanation. The same
 * holds for a value that was there twice, because an origin has lost what came behind it.
 * @returns the violations, the earliest read first
 */
export function checkHistory(history: History): Violation[] {
  const violations = [...groupByKey(history).values()].flatMap(({ writes, reads }) =>
    checkKey(writes, reads, history),
  );
  return violations.sort((a, b) => a.read.startMs - b.read.startMs);
}

interface KeyHistory {
  readonly writes: Write[];
  readonly reads: Read[];
}

function groupByKey({ writes, reads }: History): Map<string, KeyHistory> {
  const keys = new Map<string, KeyHistory>();
  const ofKey = (key: string): KeyHistory => at(keys, key, () => ({ writes: [], reads: [] }));
  for (const write of writes) ofKey(write.key).writes.push(write);
  for (const read of reads) ofKey(read.key).reads.push(read);
  return keys;
}

/** A version that a read must not fall behind, and why. */
interface Floor {
  readonly version: number;
  readonly rule: Rule;
  readonly cause: Operation | undefined;
}

const NO_FLOOR: Floor = { version: UNWRITTEN, rule: "backwards", cause: undefined };

/**
 * The highest version known of at a moment that only moves on: a time, or a place in a pipeline. All is added before
 * the first question.
 */
class Watermark {
  readonly #rule: Rule;
  readonly #coming: { from: number; version: () => number; cause: Operation }[] = [];
  #next = 0;
  #isSorted = false;
  #floor: Floor = NO_FLOOR;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  /** @param version asked for only when its moment has come: of reads it is not known before */
  add(from: number, version: () => number, cause: Operation): void {
    this.#coming.push({ from, version, cause });
  }

  /** What was known before `moment`, which is never less than in earlier calls. */
  before(moment: number): Floor {
    if (!this.#isSorted) {
      this.#coming.sort((a, b) => a.from - b.from);
      this.#isSorted = true;
    }
    for (; this.#next < this.#coming.length; this.#next++) {
      const { from, version, cause } = this.#coming[this.#next]!;
      if (from >= moment) break;
      const known = version();
      if (known > this.#floor.version) this.#floor = { version: known, rule: this.#rule, cause };
    }
    return this.#floor;
  }
}

function checkKey(
  writes: readonly Write[],
  unsortedReads: readonly Read[],
  { boundMs, mayEvict = false }: Pick<History, "boundMs" | "mayEvict">,
): Violation[] {
  const reads = [...unsortedReads].sort((a, b) => a.startMs - b.startMs || a.sequence - b.sequence);
  const written = new Map(writes.map((write) => [write.version, write]));
  const deletions = writes
    .filter(({ leaves, outcome }) => leaves === "nothing" && outcome !== "failed")
    .sort((a, b) => a.version - b.version);
  const untold = writes.filter(({ version }) => version === UNTOLD);
  const restorations = writes
    .filter(({ restores }) => restores !== undefined)
    .sort((a, b) => a.version - b.version);
  // What each read returned; that of "nothing" is settled when its turn comes.
  const versions = new Map<Read, number>();
  const versionOf = (read: Read): number => versions.get(read) ?? UNWRITTEN;

  const acknowledged = new Map<Site, Watermark>();
  const returned = new Map<Site, Watermark>();
  const everywhere = new Watermark("bound");
  const atOrigin = new Watermark("bound");
  const pipelines = new Map<number, Watermark>();
  for (const write of writes) {
    if (write.outcome !== "done") continue;
    const version = (): number => write.version;
    if (write.site !== ORIGIN && write.site !== NOBODY) {
      ofSite(acknowledged, write.site, "acknowledged").add(write.endMs, version, write);
    }
    everywhere.add(write.endMs + boundMs, version, write);
    atOrigin.add(write.endMs, version, write);
    ofConnection(pipelines, write.connection).add(write.sequence, version, write);
  }
  for (const read of reads) {
    const version = (): number => versionOf(read);
    ofSite(returned, read.site, "backwards").add(read.endMs, version, read);
    everywhere.add(read.endMs + boundMs, version, read);
    atOrigin.add(read.endMs, version, read);
    ofConnection(pipelines, read.connection).add(read.sequence, version, read);
  }

  const violations: Violation[] = [];
  for (const read of reads) {
    const floor = highest([
      acknowledged.get(read.site)?.before(read.startMs) ?? NO_FLOOR,
      returned.get(read.site)!.before(read.startMs),
      (read.site === ORIGIN ? atOrigin : everywhere).before(read.startMs),
      ofConnection(pipelines, read.connection).before(read.sequence),
    ]);
    if (read.version === "nothing") {
      const deletion = oldestDeletion(deletions, floor.version, read.endMs);
      const explanation = mayEvict
        ? Math.min(deletion ?? Number.POSITIVE_INFINITY, evictedBehind(floor.version))
        : deletion;
      if (explanation === undefined) violations.push({ rule: floor.rule, read, missed: floor.cause });
      versions.set(read, explanation ?? UNWRITTEN);
      continue;
    }
    const write = written.get(read.version);
    if (!wasWritten(read.version, write, read.endMs, untold)) {
      violations.push({ rule: "invented", read, missed: write });
      continue;
    }
    const explanation =
      read.version >= floor.version
        ? read.version
        : restorationOf(restorations, read.version, floor.version, read.endMs);
    versions.set(read, explanation ?? read.version);
    if (explanation === undefined) {
      violations.push({ rule: floor.rule, read, missed: floor.cause });
    } else if (write?.expiredByMs !== undefined && write.expiredByMs < read.startMs) {
      violations.push({ rule: "expired", read, missed: write });
    }
  }
  return violations;
}

/** The oldest state without a value, from `floor` on, that there may have been by `endMs`. */
function oldestDeletion(deletions: readonly Write[], floor: number, endMs: number): number | undefined {
  if (floor <= UNWRITTEN) return UNWRITTEN;
  return deletions.find(({ version, startMs }) => version >= floor && startMs <= endMs)?.version;
}

/** The oldest time, from `floor` on, that there may have been this version's value again by `endMs`. */
function restorationOf(
  restorations: readonly Write[],
  version: number,
  floor: number,
  endMs: number,
): number | undefined {
  return restorations.find((one) => one.restores === version && one.version >= floor && one.startMs <= endMs)
    ?.version;
}

/** The state without a value that an eviction makes of this one; such a state itself, where it is one. */
function evictedBehind(version: number): number {
  return version === UNWRITTEN || !Number.isInteger(version) ? version : version + 0.5;
}

function highest(floors: readonly Floor[]): Floor {
  return floors.reduce((most, floor) => (floor.version > most.version ? floor : most), NO_FLOOR);
}

/** Whether a value of that version can have been there by `endMs`. */
function wasWritten(
  version: number,
  write: Write | undefined,
  endMs: number,
  untold: readonly Write[],
): boolean {
  if (write !== undefined) {
    return write.leaves === "value" && write.outcome !== "failed" && write.startMs <= endMs;
  }
  return version > UNWRITTEN && untold.some(({ startMs }) => startMs <= endMs);
}

function ofSite(marks: Map<Site, Watermark>, site: Site, rule: Rule): Watermark {
  return at(marks, site, () => new Watermark(rule));
}

function ofConnection(marks: Map<number, Watermark>, connection: number): Watermark {
  return at(marks, connection, () => new Watermark("order"));
}

function at<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}

/** A violation for people, with what happened to the key around it. */
export function describeViolation({ rule, read, missed }: Violation, history: History): string {
  const around = [...history.writes, ...history.reads]
    .filter(
      ({ key, startMs, endMs }) => key === read.key && startMs < read.endMs + 5 && endMs > read.startMs - 200,
    )
    .sort((a, b) => a.startMs - b.startMs)
    .map((operation) => {
      const mark = operation === read ? "→" : operation === missed ? "!" : " ";
      return `  ${mark} ${describeOperation(operation)}`;
    });
  const cause = missed === undefined ? "" : `, knowing nothing of\n    ${describeOperation(missed)}`;
  return `${rule}:\n    ${describeOperation(read)}${cause}\n${around.slice(-40).join("\n")}`;
}

function describeOperation(operation: Write | Read | Operation): string {
  const { site, connection, sequence, key, startMs, endMs } = operation;
  const { how, version, outcome } = operation as Partial<Write>;
  const times = `${startMs.toFixed(1)}–${endMs.toFixed(1)} ms`;
  const result = outcome === undefined ? "returned" : outcome;
  return `${times} ${site || "by itself"} #${connection}.${sequence} ${how} ${key}: ${result} ${version}`;
}
