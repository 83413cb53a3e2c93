import type { Clock } from "../../src/lib/clock.ts";
import { NumberedBatch } from "../../src/replay/numbered-batch.ts";
import { CacheRun } from "../play/cache-run.ts";
import type { Requests } from "../play/requests.ts";
import { faultOf } from "./fault-text.ts";
import { JudgedPolicy, judgedType, type WrittenClass } from "./judged-policy.ts";
import type { CacheSetup, Decided, Fault, SandboxAnswer, SandboxQuestion, Stream } from "./messages.ts";
import { RuleBroken } from "./rule-broken.ts";
import { runTrial } from "./trials.ts";
import { TRIALS } from "./trials-count.ts";
import { VictimComparison, VictimLog, type VictimSink } from "./victims.ts";

/** How long it works before it answers: whoever asks sees that it goes on. */
const SLICE_MS = 40;
/** Requests between two looks at the clock. */
const STRIDE = 64;
const NO_CLASS = "the code has no class Policy";

export interface SandboxHost {
  readonly clock: Clock;
  /** How many lines the reader's code has. */
  readonly lines: number;
  /** Is called before a policy is made: what the code draws at random begins anew. */
  begin(): void;
}

/** A cache whose policy decides for the first time. */
interface OpenCache extends Made {
  readonly setup: CacheSetup;
  readonly victims: VictimLog;
  /** Victims that were told. */
  told: number;
  isOver: boolean;
  /** The same once more, to look at its queues. */
  copy: Made | undefined;
}

interface Made {
  readonly run: CacheRun;
  readonly policy: JudgedPolicy;
}

/** Answers what is asked of a written policy: all that runs in the sandbox, without the sandbox. */
export class SandboxDesk {
  readonly #written: WrittenClass | undefined;
  readonly #host: SandboxHost;
  #requests: Requests | undefined;
  readonly #caches = new Map<string, OpenCache>();

  /** @param written what the code calls `Policy` */
  constructor(written: unknown, host: SandboxHost) {
    this.#written = typeof written === "function" ? (written as WrittenClass) : undefined;
    this.#host = host;
  }

  /** @param note is told of each request before it is made, in careful work */
  answer(question: SandboxQuestion, note: (at: number) => void): SandboxAnswer {
    switch (question.kind) {
      case "check":
        return this.#check(question.from);
      case "requests":
        this.#requests = requestsOf(question.stream);
        this.#caches.clear();
        return { kind: "ready", fault: undefined };
      case "open":
        return this.#open(question.cache, question);
      case "decide":
        return this.#decide(
          this.#caches.get(question.cache)!,
          question.until,
          question.isCareful ? note : undefined,
        );
      case "show":
        return this.#show(this.#caches.get(question.cache)!, question);
    }
  }

  #check(from: number): SandboxAnswer {
    const written = this.#written;
    if (written === undefined) {
      return { kind: "checked", next: undefined, fault: { text: NO_CLASS, line: undefined } };
    }
    const end = this.#host.clock.monotonicMs() + SLICE_MS;
    let next = from;
    do {
      const found = runTrial(written, next++, () => this.#host.begin());
      if (found === undefined) continue;
      const { text, line } = this.#faultOf(found.cause);
      const calls = found.calls.length === 0 ? "" : `, after ${found.calls.join(" ")}`;
      return { kind: "checked", next: undefined, fault: { text: `${text}${calls}`, line } };
    } while (next < TRIALS && this.#host.clock.monotonicMs() < end);
    return { kind: "checked", next: next < TRIALS ? next : undefined, fault: undefined };
  }

  #open(name: string, setup: CacheSetup): SandboxAnswer {
    const victims = new VictimLog();
    try {
      const made = this.#make(setup, victims);
      this.#caches.set(name, { ...made, setup, victims, told: 0, isOver: false, copy: undefined });
      return { kind: "ready", fault: undefined };
    } catch (error) {
      return { kind: "ready", fault: this.#faultOf(error) };
    }
  }

  #make({ size, unit, maxEntries, conditions }: CacheSetup, victims: VictimSink): Made {
    const written = this.#written;
    if (written === undefined) throw new RuleBroken(NO_CLASS);
    this.#host.begin();
    let policy: JudgedPolicy | undefined;
    const type = judgedType((memory) => {
      policy = new JudgedPolicy(written, memory, victims);
      return policy;
    });
    const requests = this.#requests!;
    const workingSet = { ...requests.workingSet, entriesWithin: () => maxEntries };
    const decider = { choice: { type, parameters: {} }, until: Number.POSITIVE_INFINITY };
    const settings = { policy: type.name, size, unit };
    const run = new CacheRun(decider, settings, { ...requests, workingSet }, conditions);
    return { run, policy: policy! };
  }

  #decide(open: OpenCache, until: number, note: ((at: number) => void) | undefined): Decided {
    const { run, victims } = open;
    const { clock } = this.#host;
    const end = clock.monotonicMs() + SLICE_MS;
    const last = Math.min(until, this.#requests!.count);
    let to = run.at;
    let fault: Fault | undefined;
    try {
      while (run.at < last) {
        note?.(run.at);
        run.advance(Math.min(last, run.at + (note === undefined ? STRIDE : 1)));
        to = run.at;
        if (clock.monotonicMs() >= end) break;
      }
      if (to === this.#requests!.count && !open.isOver) {
        open.isOver = true;
        note?.(to);
        open.policy.drain();
      }
    } catch (error) {
      to = Math.min(run.cache.now, this.#requests!.count);
      fault = this.#faultOf(error);
    }
    const told = victims.since(open.told);
    open.told = victims.count;
    const { requests, misses } = run.counts;
    return { kind: "decided", to, victims: told, requests, misses, fault };
  }

  /** Replays to a position: a written policy has no state that could be copied. */
  #show(open: OpenCache, { at, most }: SandboxQuestion & { readonly kind: "show" }): SandboxAnswer {
    const nothing = { kind: "shown", isReached: true, before: undefined, after: undefined } as const;
    const end = this.#host.clock.monotonicMs() + SLICE_MS;
    try {
      if (open.copy === undefined || open.copy.run.at >= Math.max(1, at)) {
        open.copy = this.#make(open.setup, new VictimComparison(open.victims));
      }
      const { run, policy } = open.copy;
      if (!policy.hasQueues) return nothing;
      const shown = () => (policy.count > most ? undefined : policy.shown());
      for (; run.at < at - 1; run.advance(Math.min(at - 1, run.at + STRIDE))) {
        if (this.#host.clock.monotonicMs() >= end) return { ...nothing, isReached: false };
      }
      const before = at === 0 ? undefined : shown();
      run.advance(at);
      return { ...nothing, before, after: shown() };
    } catch {
      // The fault was told when it decided for the first time, or in a trial.
      open.copy = undefined;
      return nothing;
    }
  }

  #faultOf(thrown: unknown): Fault {
    return faultOf(thrown, this.#host.lines);
  }
}

function requestsOf({ objects, size, operation, ttlMs, timeMs, hasTimes, keys }: Stream): Requests {
  const batch = Object.assign(new NumberedBatch(0), {
    ...{
      objects,
      count: objects.length,
      hasSizes: size !== undefined,
      hasOperations: operation !== undefined,
    },
    ...(size !== undefined && { size }),
    ...(operation !== undefined && { operation }),
    ...(ttlMs !== undefined && { ttlMs }),
    ...(timeMs !== undefined && { timeMs }),
  });
  return {
    ...{ count: objects.length, batch, hasTimes, cut: undefined, nameOf: String },
    workingSet: {
      ...{ objects: keys, bytes: 0, records: objects.length, reads: 0, hasSizes: size !== undefined },
      entriesWithin: () => keys,
    },
  };
}
