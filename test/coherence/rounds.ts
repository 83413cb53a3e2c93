import { SeededRandom } from "../../src/lib/random.ts";
import { type RunningServer, startGlasscache } from "../support/origins.ts";
import { RespClient } from "../support/resp-client.ts";
import { checkHistory, describeViolation } from "./check-history.ts";
import type { Damage, FailingOrigin, ListFault } from "./failing-origin.ts";
import {
  type Around,
  type ListClientKind,
  type ListWorld,
  type Place,
  readAllLists,
  runAround,
  runListClient,
} from "./list-clients.ts";
import { historyOfLists, type ListRecords, type Loss } from "./list-history.ts";
import { ListLog } from "./list-log.ts";
import { type Miss, QuietKeys } from "./quiet-keys.ts";

export interface RoundsOptions {
  readonly origin: FailingOrigin;
  readonly seed: number;
  /** Rounds begin for so long. */
  readonly durationMs: number;
  /** The kinds of faults; all of the origin by default. */
  readonly only?: readonly string[];
  /** A second fault at the same time, in a part of all rounds; none by default. */
  readonly companions?: readonly string[];
}

export interface FaultTally {
  count: number;
  acknowledged: number;
  lostWrites: number;
  /** The longest time without an acknowledged write through a proxy, in the parts concerned and in others. */
  longestPauseMs: number;
  longestPauseElsewhereMs: number;
  /** Entries that went from a cache, in the parts and slots concerned, of all that were there. */
  lostEntries: number;
  entries: number;
  /** How long until the origin had settled. */
  longestMs: number;
}

export interface RoundsResult {
  /** What broke a promise, for people; empty if nothing did. */
  readonly violations: readonly string[];
  readonly log: ListLog;
  readonly reads: number;
  readonly tally: ReadonlyMap<string, FaultTally>;
  /** Failovers that no fault was to cause: machines under load are slow. */
  readonly unexpectedFailovers: number;
  readonly hits: number;
  readonly audits: { readonly right: number; readonly broken: number };
  /** Of quiet keys. */
  readonly looks: number;
  readonly unproven: number;
  /** Rounds in which a proxy of several threads lost entries of others, and its log does not say why. */
  readonly unlogged: number;
}

const HEARTBEAT_MS = 200;
const HEARTBEAT_TIMEOUT_MS = 800;
const ORIGIN_TIMEOUT_MS = 3000;
/** About how long a server must be silent to be taken for dead. */
export const PATIENCE_MS = HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS;
/** Clocks are read a little before or after what they are read for. */
const BOUND_MS = PATIENCE_MS + 50;
const RECOVER_WITHIN_MS = 20_000;
const CALM_LEAST_MS = 200;
const CALM_MOST_MS = 700;
const COMPANION_SHARE = 0.3;
/** In how many rounds, and in which share of them, entries may be lost for reasons that no log tells. */
const MOST_UNLOGGED = 1;
const UNLOGGED_SHARE = 0.1;
const THREADS = [2, 1];
const SITES = ["A", "B"];
const AROUNDS = 2;
/** The fault that concerns a proxy, and no part of the origin. */
const STANDSTILL = "standstill";
const TOLD_VIOLATIONS = 4;

interface RunningProxySite {
  readonly site: string;
  readonly proxy: RunningServer;
}

/**
 * Runs rounds of clients at two proxies and past them. In each, one thing or two go wrong. Then all is put right, all
 * keys are read once more, the origin tells what has survived, and the round is judged.
 */
export async function runRounds(options: RoundsOptions): Promise<RoundsResult> {
  const proxies: RunningProxySite[] = [];
  try {
    for (const [index, site] of SITES.entries()) {
      proxies.push({ site, proxy: await startSite(options.origin, THREADS[index]!) });
    }
    return await new Rounds(options, proxies).run();
  } finally {
    for (const { proxy } of proxies) await proxy[Symbol.asyncDispose]();
  }
}

function startSite({ address }: FailingOrigin, threads: number): Promise<RunningServer> {
  return startGlasscache([
    ...["proxy", "--origin", address, "--threads", String(threads), "--memory", "16mb"],
    ...["--heartbeat", `${HEARTBEAT_MS}ms`, "--heartbeat-timeout", `${HEARTBEAT_TIMEOUT_MS}ms`],
    ...["--origin-timeout", `${ORIGIN_TIMEOUT_MS}ms`, "--instruments", "off", "--audit", "5%"],
  ]);
}

/** When the origin was well again, and who reigned then. */
interface Settled {
  readonly settledMs: number;
  readonly reigns: readonly string[];
}

class Rounds {
  readonly #options: RoundsOptions;
  readonly #proxies: readonly RunningProxySite[];
  readonly #log = new ListLog();
  readonly #random: SeededRandom;
  readonly #arounds: readonly Around[];
  readonly #quiet: QuietKeys;
  readonly #tally = new Map<string, FaultTally>();
  readonly #violations: string[] = [];
  /**
   * Rounds in which a proxy of several threads lost entries of others. It logs what one of its threads sees. So another
   * one may have had to wait for a node for too long, as happens on a busy machine.
   */
  readonly #unlogged: string[] = [];
  #coming: string[] = [];
  #round = 0;
  #reads = 0;
  #unexpected = 0;

  constructor(options: RoundsOptions, proxies: readonly RunningProxySite[]) {
    const { origin, seed } = options;
    this.#options = options;
    this.#proxies = proxies;
    this.#random = new SeededRandom(seed);
    this.#arounds = Array.from({ length: AROUNDS }, () => origin.openAround());
    const sites = proxies.map(({ site, proxy }) => ({ site, port: proxy.port }));
    this.#quiet = new QuietKeys(origin, sites);
  }

  async run(): Promise<RoundsResult> {
    const { durationMs } = this.#options;
    const endsMs = performance.now() + durationMs;
    do await this.#runRound();
    while (performance.now() < endsMs && this.#violations.length < TOLD_VIOLATIONS);
    if (this.#unlogged.length > MOST_UNLOGGED + this.#round * UNLOGGED_SHARE) {
      this.#violations.push(...this.#unlogged);
    }
    const infos = await Promise.all(this.#proxies.map(({ proxy }) => infoOf(proxy.port)));
    const sum = (name: string): number => infos.reduce((total, info) => total + (info.get(name) ?? 0), 0);
    for (const { site, proxy } of this.#proxies) {
      const errors = proxy.program.output.split("\n").filter((line) => line.includes('"level":"error"'));
      this.#violations.push(...errors.map((line) => `proxy ${site}: ${line}`));
    }
    return {
      ...{ violations: this.#violations, log: this.#log, reads: this.#reads, tally: this.#tally },
      ...{ unexpectedFailovers: this.#unexpected, hits: sum("cache_hits") },
      audits: { right: sum("audits_right"), broken: sum("audits_broken") },
      ...{ looks: this.#quiet.looks, unproven: this.#quiet.unproven, unlogged: this.#unlogged.length },
    };
  }

  async #runRound(): Promise<void> {
    const { origin, companions } = this.#options;
    const random = this.#random;
    const name = this.#nextFault();
    const isAccompanied = companions !== undefined && random.next() < COMPANION_SHARE;
    const names = isAccompanied ? [name, random.pick(companions)] : [name];
    const title = `round ${this.#round} (${names.join(" and ")})`;
    const round = this.#round++;
    const places = origin.tags.map(({ part, text }): Place => ({ part, key: `list:{${text}}:${round}` }));
    const world: ListWorld = { log: this.#log, places, isEnded: false };
    await this.#quiet.warm();
    const logged = this.#proxies.map(({ proxy }) => proxy.program.output.length);
    const before = await origin.reigns();
    const startMs = performance.now();
    let damages: readonly Damage[] = [];
    let settled: Settled | undefined;
    const misses: Miss[] = [];
    const goWrong = async (): Promise<void> => {
      await Bun.sleep(CALM_LEAST_MS + random.below(CALM_MOST_MS));
      try {
        damages = await Promise.all(
          names.map((each) => this.#fault(each)(new SeededRandom(random.below(2 ** 32)))),
        );
        settled = await this.#settled();
        await Bun.sleep(CALM_LEAST_MS + random.below(CALM_MOST_MS));
      } finally {
        world.isEnded = true;
      }
    };
    await Promise.all([
      goWrong(),
      this.#quiet.watch(world, misses),
      ...this.#clientKinds().map((kind) => runListClient(world, kind, random.below(2 ** 32))),
      ...this.#arounds.map((around) => runAround(world, around, random.below(2 ** 32))),
    ]);
    const endMs = performance.now();
    const keys = places.map(({ key }) => key);
    let values: (string | null)[];
    for (;;) {
      await Bun.sleep(BOUND_MS);
      await this.#readLast(world);
      values = await origin.valuesOf(keys);
      // Those who watch over a primary may notice late that it has failed.
      if (areSame(await origin.reigns(), settled!.reigns)) break;
      settled = await this.#settled();
    }
    const { reigns: after, settledMs } = settled!;
    const replaced = before.flatMap((reign, part) => (reign === after[part] ? [] : [part]));
    const finals = new Map(keys.map((key, index) => [key, values[index] ?? ""]));
    const records = this.#log.takeRecords();
    this.#reads += records.reads.length;

    const losses = damages.flatMap((damage) => damage.losses);
    for (const part of replaced) {
      if (losses.some((loss) => origin.tags.some((tag) => tag.part === part && loss.concerns(tag)))) continue;
      const isWanted = damages.some(({ parts }) => parts.includes(part)) && names.includes("failover");
      if (isWanted) continue;
      this.#unexpected++;
      losses.push({ concerns: (place) => place.part === part, startMs });
    }
    const lossesOf = (key: string): Loss[] => {
      const tag = origin.tags[keys.indexOf(key)]!;
      return losses
        .filter((loss) => loss.concerns(tag))
        .map((loss) => ({ startMs: loss.startMs, endMs: loss.endMs ?? settledMs, how: title }))
        .sort((a, b) => a.startMs - b.startMs);
    };
    const { history, lostCount, problems } = historyOfLists(records, finals, lossesOf, BOUND_MS);
    const violations = checkHistory(history);
    this.#violations.push(
      ...problems.map((problem) => `${title}: ${problem}`),
      ...violations.slice(0, 2).map((violation) => `${title}: ${describeViolation(violation, history)}`),
    );
    const spilled = misses.filter((miss) => !this.#isExplained(miss, damages, replaced, logged));
    if (spilled.length > 0) {
      const told = spilled.slice(0, 3).map((miss) => JSON.stringify(miss));
      const text = `${title}: ${spilled.length} entries of others were lost: ${told.join(", ")}`;
      const isLogged = spilled.some(({ site }) => THREADS[SITES.indexOf(site)] === 1);
      if (isLogged) this.#violations.push(text);
      else this.#unlogged.push(text);
    }
    const parts = new Set([...damages.flatMap((damage) => damage.parts), ...replaced]);
    this.#count(names.join(" and "), {
      records,
      times: { startMs, settledMs, endMs },
      parts,
      lostCount,
      lost: new Set(misses.map(({ key, site }) => `${key} ${site}`)).size,
      entries: this.#quiet.countIn(parts) * SITES.length,
    });
  }

  /** Waits until the origin is well. A part may be replaced meanwhile, and once more. */
  async #settled(): Promise<Settled> {
    const { origin } = this.#options;
    await origin.settled();
    for (let before = await origin.reigns(); ; ) {
      await origin.settled();
      const settledMs = performance.now();
      const reigns = await origin.reigns();
      if (areSame(before, reigns)) return { settledMs, reigns };
      before = reigns;
    }
  }

  #fault(name: string): ListFault {
    return name === STANDSTILL ? (random) => this.#standStill(random) : this.#options.origin.faults[name]!;
  }

  /** A proxy stands still for a while, and then goes on with what it has been sent meanwhile. */
  async #standStill(random: SeededRandom): Promise<Damage> {
    const { program } = random.pick(this.#proxies).proxy;
    program.signal("SIGSTOP");
    await Bun.sleep(random.below(PATIENCE_MS * 2));
    program.signal("SIGCONT");
    return { parts: Array.from({ length: this.#options.origin.parts }, (_, part) => part), losses: [] };
  }

  /** Each kind once before any comes again. */
  #nextFault(): string {
    const { origin, only = [...Object.keys(origin.faults), STANDSTILL] } = this.#options;
    if (this.#coming.length === 0) this.#coming = [...only];
    return this.#coming.splice(this.#random.below(this.#coming.length), 1)[0]!;
  }

  #clientKinds(): ListClientKind[] {
    const parts = Array.from({ length: this.#options.origin.parts }, (_, part) => part);
    return this.#proxies.flatMap(({ site, proxy: { port } }) => [
      { site, port, habit: "RESP2", part: undefined },
      { site, port, habit: "RESP3", part: undefined },
      ...parts.flatMap((part): ListClientKind[] => [
        { site, port, habit: part % 2 === 0 ? "RESP2" : "RESP3", part },
        { site, port, habit: "impatient", part },
      ]),
    ]);
  }

  /** Reads everything over some connections to each proxy, for each of its threads. */
  async #readLast(world: ListWorld): Promise<void> {
    for (const [index, { site, proxy }] of this.#proxies.entries()) {
      for (let i = 0; i < THREADS[index]! * 2; i++) {
        const deadlineMs = performance.now() + RECOVER_WITHIN_MS;
        for (;;) {
          try {
            await readAllLists(world, site, proxy.port);
            break;
          } catch (error) {
            if (performance.now() > deadlineMs) throw error;
            await Bun.sleep(50);
          }
        }
      }
    }
  }

  /** Whether a miss is of a part that failed, or of a server that the proxy has told to be silent or lost. */
  #isExplained(
    miss: Miss,
    damages: readonly Damage[],
    replaced: readonly number[],
    logged: readonly number[],
  ): boolean {
    const { part, slot, site } = miss;
    if (replaced.includes(part)) return true;
    if (damages.some(({ parts, slots }) => parts.includes(part) && (slots?.includes(slot) ?? true)))
      return true;
    const index = SITES.indexOf(site);
    const news = this.#proxies[index]!.proxy.program.output.slice(logged[index]);
    const names = this.#options.origin.namesOf(part);
    return news
      .split("\n")
      .some((line) => line.includes('"level":"warn"') && names.some((name) => line.includes(name)));
  }

  #count(
    name: string,
    {
      records,
      times: { startMs, settledMs, endMs },
      parts,
      lostCount,
      lost,
      entries,
    }: {
      readonly records: ListRecords;
      readonly times: { readonly startMs: number; readonly settledMs: number; readonly endMs: number };
      readonly parts: ReadonlySet<number>;
      readonly lostCount: number;
      readonly lost: number;
      readonly entries: number;
    },
  ): void {
    const tally = this.#tally.get(name) ?? {
      ...{ count: 0, acknowledged: 0, lostWrites: 0, longestPauseMs: 0, longestPauseElsewhereMs: 0 },
      ...{ lostEntries: 0, entries: 0, longestMs: 0 },
    };
    this.#tally.set(name, tally);
    tally.count++;
    tally.lostWrites += lostCount;
    tally.lostEntries += lost;
    tally.entries += entries;
    tally.longestMs = Math.max(tally.longestMs, settledMs - startMs);
    const partOf = new Map(this.#options.origin.tags.map(({ text, part }) => [text, part]));
    const done = records.appends.filter(({ outcome }) => outcome === "done");
    tally.acknowledged += done.length;
    for (let part = 0; part < this.#options.origin.parts; part++) {
      const ends = done
        .filter(({ key, site }) => SITES.includes(site) && partOf.get(/\{(.*)\}/.exec(key)![1]!) === part)
        .map((append) => append.endMs)
        .sort((a, b) => a - b);
      const pauseMs = longestPause([startMs, ...ends, endMs]);
      if (parts.has(part)) tally.longestPauseMs = Math.max(tally.longestPauseMs, pauseMs);
      else tally.longestPauseElsewhereMs = Math.max(tally.longestPauseElsewhereMs, pauseMs);
    }
  }
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.every((one, index) => one === others[index]);
}

function longestPause(timesMs: readonly number[]): number {
  return timesMs.slice(1).reduce((most, timeMs, index) => Math.max(most, timeMs - timesMs[index]!), 0);
}

/** What a proxy says that it has counted, by INFO's names. */
async function infoOf(port: number): Promise<Map<string, number>> {
  using client = await RespClient.connect({ port });
  const info = String(await client.must("INFO"));
  return new Map([...info.matchAll(/^(\w+):(\d+)\r?$/gm)].map((match) => [match[1]!, Number(match[2])]));
}

/** What rounds were worth, and what they have found. */
export function describeRounds(result: RoundsResult, seed: number): string {
  const { violations, log, reads, tally, hits, audits, unexpectedFailovers } = result;
  const { done, failed, unknown } = log.outcomes;
  const lost = [...tally.values()].reduce((sum, { lostWrites }) => sum + lostWrites, 0);
  const lines = [
    `seed ${seed}: ${reads} reads judged (${log.failedReads} more failed), ${hits} hits; ` +
      `audits: ${audits.right} right, ${audits.broken} broken`,
    `writes: ${done} acknowledged, ${failed} failed, ${unknown} unknown; ${lost} acknowledged ones lost by failovers`,
    `${unexpectedFailovers} failovers that no fault was to cause; ` +
      `entries looked at ${result.looks} times, there and not vouched for ${result.unproven} times; ` +
      `${result.unlogged} rounds with losses that no log explains`,
    ...[...tally].map(
      ([name, one]) =>
        `  ${name}: ${one.count} times, settled within ${Math.round(one.longestMs)} ms; no write acknowledged for ` +
        `${Math.round(one.longestPauseMs)} ms, elsewhere ${Math.round(one.longestPauseElsewhereMs)} ms; ` +
        `${one.lostWrites} of ${one.acknowledged} acknowledged writes lost; ` +
        `${one.lostEntries} of ${one.entries} entries lost`,
    ),
  ];
  if (violations.length > 0) lines.unshift(`${violations.length} broken promises`, ...violations);
  return lines.join("\n");
}
