import type { Clock } from "../../src/lib/clock.ts";
import { resolveSize } from "../../src/sim/cache-size.ts";
import type { AskSandbox, Broken, CacheSetup, Fault, SandboxAnswer, Stream } from "../sandbox/messages.ts";
import type { Conditions } from "./conditions.ts";
import type { CurvePoint } from "./curve.ts";
import { type Decisions, WRITTEN } from "./decider.ts";
import { TILES_LIMIT } from "./play-view.ts";
import type { Requests } from "./requests.ts";
import { isShown, soundDecided, soundFault } from "./sandbox-answers.ts";
import type { PlayCache } from "./settings.ts";
import type { ShownQueues } from "./shown-queues.ts";

/** A written policy that takes longer for all requests together is stopped. */
export const WHOLE_RUN_LIMIT_MS = 20_000;

/** A rule that was broken in a run. */
interface RunFault extends Fault {
  /** Requests that had been made. The number of all: it was found after the last one. */
  readonly at: number;
}

/** What became of a written policy. */
export interface WrittenReport {
  /** What its trials have found. */
  readonly trial: Fault | undefined;
  /** Of its caches, what the first one that failed has met. */
  readonly run: (RunFault & { readonly key: string | undefined }) | undefined;
}

/** What trials have found. `isHopeless`: the code need not be run. */
interface Trial {
  readonly fault: Fault | undefined;
  readonly isHopeless: boolean;
}

interface WrittenRun extends Decisions {
  readonly name: string;
  /** What it is a run of. */
  readonly of?: string;
  readonly shown: Map<number, ShownQueues>;
  readonly fault: RunFault | undefined;
  readonly requests: number;
  readonly misses: number;
}

/** The requests that written policies get, and what tells them from others. */
export interface Asked {
  readonly requests: Requests;
  readonly conditions: Conditions;
  readonly of: string;
}

/** Has the sandbox run a policy that was written in the page, and keeps its decisions. */
export class WrittenRuns {
  readonly #ask: AskSandbox;
  readonly #clock: Clock;
  /** The code that is tried. */
  #loaded: (Trial & { readonly code: string }) | undefined;
  /** Whether the sandbox has it: one that was broken is closed. */
  #isOpen = false;
  /** The requests that the sandbox has. */
  #given: string | undefined;
  /** By the cache's name. */
  readonly #runs = new Map<string, WrittenRun>();

  constructor(ask: AskSandbox, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Loads code, if another is loaded, and tries it. */
  async load(code: string): Promise<Trial> {
    if (this.#loaded?.code !== code) {
      this.#given = undefined;
      this.#runs.clear();
      this.#loaded = { code, ...(await this.#try(code)) };
    }
    return this.#loaded;
  }

  async #try(code: string): Promise<Trial> {
    const loaded = await this.#tell({ kind: "load", code });
    if (loaded.kind === "broken") return { fault: loaded.fault, isHopeless: true };
    for (let from: number | undefined = 0; from !== undefined; ) {
      const answer = await this.#tell({ kind: "check", from });
      if (answer.kind === "broken") return { fault: answer.fault, isHopeless: true };
      if (answer.kind !== "checked") throw unexpected(answer);
      const fault = soundFault(answer.fault);
      if (fault !== undefined) return { fault, isHopeless: false };
      // Each answer brings it further, so that this comes to an end.
      from = answer.next === undefined || answer.next > from ? answer.next : undefined;
    }
    return { fault: undefined, isHopeless: false };
  }

  /** Asks the sandbox, and notes whether it is still there. */
  async #tell(question: Parameters<AskSandbox>[0]): Promise<SandboxAnswer | Broken> {
    const answer = await this.#ask(question);
    this.#isOpen = answer.kind !== "broken";
    if (!this.#isOpen) this.#given = undefined;
    return answer;
  }

  /**
   * Returns the decisions of a cache over all requests, as far as it gets.
   * @param name tells it from the other caches on the page
   * @param told is told the share of the requests that have been made
   */
  async run(
    name: string,
    cache: PlayCache,
    asked: Asked,
    told: (share: number) => void,
  ): Promise<WrittenRun> {
    const of = JSON.stringify([asked.of, cache.size, cache.unit]);
    const known = this.#runs.get(name);
    if (known?.of === of) return known;
    const run = { ...(await this.#decide(name, cache, asked, told)), of };
    this.#runs.set(name, run);
    return run;
  }

  /** Misses over all requests; nothing if it does not get to the last one. */
  async point(cache: PlayCache, asked: Asked): Promise<CurvePoint | undefined> {
    const { until, requests, misses } = await this.#decide("point", cache, asked, () => {});
    return until < asked.requests.count ? undefined : { policy: WRITTEN, size: cache.size, requests, misses };
  }

  async #decide(
    name: string,
    cache: PlayCache,
    asked: Asked,
    told: (share: number) => void,
  ): Promise<WrittenRun> {
    const carelessly = { carefulFrom: Number.POSITIVE_INFINITY, end: asked.requests.count };
    const first = await this.#attempt(name, cache, asked, told, carelessly);
    if (!first.isLate) return first;
    // The second time it says which request it is at.
    const second = await this.#attempt(name, cache, asked, told, { ...carelessly, carefulFrom: first.until });
    if (second.fault === undefined || second.fault.at === second.until) return second;
    // The decisions of its last slice were lost with the sandbox. Up to the fault they are made once more.
    const third = await this.#attempt(name, cache, asked, told, { ...carelessly, end: second.fault.at });
    return third.fault === undefined ? { ...third, fault: second.fault } : third;
  }

  /** @param reach `carefulFrom`: the request from which on it says which one it is at; `end`: where it stops */
  async #attempt(
    name: string,
    cache: PlayCache,
    asked: Asked,
    told: (share: number) => void,
    { carefulFrom, end }: { readonly carefulFrom: number; readonly end: number },
  ): Promise<WrittenRun & { readonly isLate: boolean }> {
    const { count } = asked.requests;
    const startMs = this.#clock.monotonicMs();
    const parts: Int32Array[] = [];
    let at = 0;
    let evicted = 0;
    let requests = 0;
    let misses = 0;
    const ended = (fault: Fault | undefined, isLate = false, failedAt = at) => {
      const victims = joined(parts);
      const runFault = fault && { ...fault, at: failedAt };
      const until = fault === undefined ? end : at;
      return { name, victims, until, shown: new Map(), fault: runFault, requests, misses, isLate };
    };
    const broken = (answer: Broken) => {
      const isLost = answer.isLate && answer.at === undefined;
      const mayTellMore = isLost && carefulFrom === Number.POSITIVE_INFINITY;
      return ended(answer.fault, mayTellMore, Math.max(at, answer.at ?? 0));
    };
    const opened = await this.#open(name, cache, asked);
    if (opened.kind === "broken") return broken(opened);
    if (opened.kind !== "ready") throw unexpected(opened);
    const refused = soundFault(opened.fault);
    if (refused !== undefined) return ended(refused);
    for (;;) {
      const isCareful = at >= carefulFrom;
      const until = isCareful ? end : Math.min(end, carefulFrom);
      const answer = await this.#tell({ kind: "decide", cache: name, until, isCareful });
      if (answer.kind === "broken") return broken(answer);
      if (answer.kind !== "decided") throw unexpected(answer);
      const decided = soundDecided(answer, at, count, evicted);
      parts.push(decided.victims);
      evicted += decided.victims.length;
      ({ to: at, requests, misses } = decided);
      told(count === 0 ? 1 : at / count);
      if (decided.fault !== undefined) return ended(decided.fault);
      if (at >= end) return ended(undefined);
      if (this.#clock.monotonicMs() - startMs > WHOLE_RUN_LIMIT_MS) {
        return ended({
          text: `too slow: ${WHOLE_RUN_LIMIT_MS / 1000} s are over, and it has come to this request; try fewer`,
          line: undefined,
        });
      }
    }
  }

  /** Opens a cache in the sandbox, and gives it code and requests before, if it has others. */
  async #open(name: string, cache: PlayCache, asked: Asked): Promise<SandboxAnswer | Broken> {
    const { requests, conditions, of } = asked;
    if (!this.#isOpen) {
      const loaded = await this.#tell({ kind: "load", code: this.#loaded!.code });
      if (loaded.kind === "broken") return loaded;
    }
    if (this.#given !== of) {
      const given = await this.#tell({ kind: "requests", stream: streamOf(requests) });
      if (given.kind === "broken") return given;
      this.#given = of;
    }
    const { maxEntries } = resolveSize(
      { kind: cache.unit, amount: cache.size },
      cache.unit === "bytes" ? requests.workingSet : undefined,
    );
    const setup: CacheSetup = { size: cache.size, unit: cache.unit, maxEntries, conditions };
    return this.#tell({ kind: "open", cache: name, ...setup });
  }

  /** Asks for the queues at a position and before it. */
  async show({ name, shown, until }: WrittenRun, position: number): Promise<void> {
    const at = Math.min(position, until);
    if (this.#given === undefined || (shown.has(at) && (at === 0 || shown.has(at - 1)))) return;
    const endMs = this.#clock.monotonicMs() + WHOLE_RUN_LIMIT_MS;
    while (this.#clock.monotonicMs() < endMs) {
      const answer = await this.#tell({ kind: "show", cache: name, at, most: TILES_LIMIT });
      if (answer.kind !== "shown") return;
      if (!answer.isReached) continue;
      shown.clear();
      if (isShown(answer.before)) shown.set(at - 1, answer.before);
      if (isShown(answer.after)) shown.set(at, answer.after);
      return;
    }
  }
}

/** Whether a run has its decisions from the sandbox. */
export const isWrittenRun = (decisions: Decisions | undefined): decisions is WrittenRun =>
  decisions !== undefined && "name" in decisions;

function unexpected(answer: SandboxAnswer): Error {
  return new Error(`the sandbox answers "${answer.kind}", which was not asked for`);
}

function streamOf({ batch, count, hasTimes, workingSet }: Requests): Stream {
  const { hasSizes, hasOperations } = batch;
  return {
    objects: batch.objects.slice(0, count),
    size: hasSizes ? batch.size.slice(0, count) : undefined,
    operation: hasOperations ? batch.operation.slice(0, count) : undefined,
    ttlMs: hasOperations ? batch.ttlMs.slice(0, count) : undefined,
    timeMs: hasOperations || hasTimes ? batch.timeMs.slice(0, count) : undefined,
    hasTimes,
    keys: workingSet.objects,
  };
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
