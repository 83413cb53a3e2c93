/**
 * Histories of keys whose values are lists of all that was appended to them. Such a value tells every write that it has
 * seen. So the origin itself can be asked in the end which writes have survived its failovers, and in which order it
 * has executed them.
 */
import { type History, NO_CONNECTION, NOBODY, type Read, UNTOLD, UNWRITTEN, type Write } from "./history.ts";
import type { Begun } from "./recorder.ts";

/** An item that a client has appended to a key's list, or has tried to. */
export interface Append extends Begun {
  readonly key: string;
  /** Unique in the history. */
  readonly item: string;
  readonly outcome: Write["outcome"];
  readonly endMs: number;
  readonly how: string;
}

/** A list as a client has read it. */
export interface ListRead extends Begun {
  readonly key: string;
  /** All items as `listOf` writes them; empty for a key that does not exist. */
  readonly value: string;
  readonly endMs: number;
  readonly how: string;
}

/** A time in which an origin may have lost writes that it had acknowledged. */
export interface Loss {
  readonly startMs: number;
  /** By then nobody takes a server without the surviving writes for the right one. */
  readonly endMs: number;
  readonly how: string;
}

export interface ListRecords {
  readonly appends: readonly Append[];
  /** Reads through proxies, which are judged. */
  readonly reads: readonly ListRead[];
  /** Values that were seen otherwise: by key. They say only which values there were. */
  readonly seen: readonly Pick<ListRead, "key" | "value">[];
}

export interface JudgedLists {
  readonly history: History;
  /** Acknowledged writes that did not survive. */
  readonly lostCount: number;
  /** What no origin and no loss explains. */
  readonly problems: readonly string[];
}

const SEPARATOR = ";";

/** What is appended to a value for an item. */
export function listOf(item: string): string {
  return `${SEPARATOR}${item}`;
}

/** One state of a key: its value, and those that came of it. */
interface State {
  readonly value: string;
  /** The last item; undefined: there is no value. */
  readonly append: Append | undefined;
  readonly next: State[];
  isSurvivor: boolean;
  version: number;
}

/**
 * Puts all values of all keys in order. Writes that a failover has taken back are a branch of the tree of values, which
 * ends with a restoration: the value before the branch is there again.
 * @param finals the values that the origin has in the end, by key; as `ListRead.value`
 * @param lossesOf the losses that may have concerned a key, in order of time
 */
export function historyOfLists(
  { appends, reads, seen }: ListRecords,
  finals: ReadonlyMap<string, string>,
  lossesOf: (key: string) => readonly Loss[],
  boundMs: number,
): JudgedLists {
  const byKey = Map.groupBy(appends, ({ key }) => key);
  const readsByKey = Map.groupBy(reads, ({ key }) => key);
  const seenByKey = Map.groupBy(seen, ({ key }) => key);
  const writes: Write[] = [];
  const judgedReads: Read[] = [];
  const problems: string[] = [];
  let lostCount = 0;
  for (const [key, final] of finals) {
    const tree = new Tree(key, byKey.get(key) ?? [], lossesOf(key), problems);
    tree.survived(final);
    const ofKey = readsByKey.get(key) ?? [];
    for (const { value } of [...ofKey, ...(seenByKey.get(key) ?? [])]) tree.stateOf(value);
    writes.push(...tree.inOrder());
    lostCount += tree.countLost();
    for (const read of ofKey) {
      const { version } = tree.stateOf(read.value);
      const { value: _, ...rest } = read;
      judgedReads.push({ ...rest, version: version === UNWRITTEN ? "nothing" : version });
    }
  }
  return { history: { writes, reads: judgedReads, boundMs }, lostCount, problems };
}

class Tree {
  readonly #key: string;
  readonly #appends: ReadonlyMap<string, Append>;
  readonly #losses: readonly Loss[];
  readonly #problems: string[];
  readonly #root: State = { value: "", append: undefined, next: [], isSurvivor: true, version: UNWRITTEN };
  readonly #states = new Map<string, State>([["", this.#root]]);
  /** By item: an item that was appended twice would have two. */
  readonly #ofItem = new Map<string, State>();

  constructor(key: string, appends: readonly Append[], losses: readonly Loss[], problems: string[]) {
    this.#key = key;
    this.#appends = new Map(appends.map((append) => [append.item, append]));
    this.#losses = losses;
    this.#problems = problems;
  }

  survived(final: string): void {
    for (let end = final.length; end > 0; end = final.lastIndexOf(SEPARATOR, end - 1)) {
      this.stateOf(final.slice(0, end)).isSurvivor = true;
    }
  }

  stateOf(value: string): State {
    const known = this.#states.get(value);
    if (known !== undefined) return known;
    // The longest known beginning first: a value may have many items.
    const unknown: number[] = [];
    let end = value.length;
    while (!this.#states.has(value.slice(0, end))) {
      unknown.push(end);
      end = Math.max(0, value.lastIndexOf(SEPARATOR, end - 1));
    }
    let state = this.#states.get(value.slice(0, end))!;
    for (const next of unknown.reverse()) state = this.#add(state, value.slice(0, next));
    return state;
  }

  #add(before: State, value: string): State {
    const item = value.slice(before.value.length + SEPARATOR.length);
    const append = this.#appends.get(item);
    const state: State = { value, append, next: [], isSurvivor: false, version: UNTOLD };
    if (append === undefined) this.#problem(`has "${item}", which nobody has written`);
    else if (append.outcome === "failed")
      this.#problem(`has ${item}, although its write was refused: ${append.how}`);
    if (this.#ofItem.has(item)) this.#problem(`has ${item} twice: the write was executed again`);
    this.#ofItem.set(item, state);
    before.next.push(state);
    this.#states.set(value, state);
    return state;
  }

  /** Numbers all states, and returns the writes that led to them. */
  inOrder(): Write[] {
    const writes: Write[] = [];
    let version = UNWRITTEN;
    const visit = (from: State): void => {
      for (let state: State | undefined = from; state !== undefined; ) {
        const { value, append } = state;
        state.version = value === "" ? UNWRITTEN : ++version;
        if (append !== undefined) {
          const { item, outcome, how, ...rest } = append;
          writes.push({
            ...{ ...rest, outcome, version: state.version, leaves: "value", how: `${how} ${item}` },
            endMs: outcome === "unknown" ? Number.POSITIVE_INFINITY : append.endMs,
          });
        }
        const { main, lost } = split(state);
        for (const branch of lost) {
          visit(branch);
          writes.push(...this.#restoration(state, branch, () => ++version));
        }
        state = main;
      }
    };
    visit(this.#root);
    return writes;
  }

  /** Acknowledged writes that are not in the value that the origin has in the end. */
  countLost(): number {
    let count = 0;
    for (const append of this.#appends.values()) {
      if (append.outcome !== "done") continue;
      const state = this.#ofItem.get(append.item);
      if (state?.isSurvivor === true) continue;
      count++;
      if (state === undefined && this.#lossOf(append.startMs) === undefined) {
        this.#problem(`lacks ${append.item}, which was acknowledged through ${append.site} and never seen`);
      }
    }
    return count;
  }

  #restoration(of: State, branch: State, nextVersion: () => number): Write[] {
    const since = branch.append?.startMs ?? 0;
    const loss = this.#lossOf(since);
    if (loss === undefined) {
      const what = `${branch.append?.item} (${branch.append?.how} through ${branch.append?.site}, ${branch.append?.outcome})`;
      this.#problem(`lost ${what} at ${since.toFixed(0)} ms, and no failover explains it`);
      return [];
    }
    const isNothing = of.version === UNWRITTEN;
    return [
      {
        ...{ key: this.#key, site: NOBODY, connection: NO_CONNECTION, sequence: 0, outcome: "done" },
        ...{ version: nextVersion(), startMs: loss.startMs, endMs: loss.endMs, how: loss.how },
        ...(isNothing ? { leaves: "nothing" } : { leaves: "value", restores: of.version }),
      },
    ];
  }

  /** The first loss that can have taken what was written then. */
  #lossOf(writtenMs: number): Loss | undefined {
    return this.#losses.find(({ endMs }) => endMs >= writtenMs);
  }

  #problem(text: string): void {
    this.#problems.push(`${this.#key} ${text}`);
  }
}

/** The state that follows one for good, and those that were taken back, in order of time. */
function split({ next, isSurvivor }: State): { main: State | undefined; lost: State[] } {
  const inTime = next.toSorted((a, b) => (a.append?.startMs ?? 0) - (b.append?.startMs ?? 0));
  // What was taken back as a whole has no end of its own.
  const main = isSurvivor ? inTime.find((one) => one.isSurvivor) : inTime.at(-1);
  return { main, lost: inTime.filter((one) => one !== main) };
}
