import type { SizeUnit } from "../../src/replay/simulated-cache.ts";
import type { Conditions } from "../play/conditions.ts";
import type { ShownQueues } from "../play/shown-queues.ts";

/**
 * What is asked of the sandbox in which a reader's code runs. Each question has exactly one answer, and nothing comes
 * unasked, so that code which goes its own way is noticed. Long work is asked for again and again, a slice at a time.
 */
export type SandboxQuestion =
  /** Tries the policy with small workloads, from this one on. */
  | { readonly kind: "check"; readonly from: number }
  /** Gives the requests that all caches get from now on. */
  | { readonly kind: "requests"; readonly stream: Stream }
  /** Makes a cache at its first request. */
  | ({ readonly kind: "open"; readonly cache: string } & CacheSetup)
  /** Goes on with a cache, to this request at most. `isCareful`: says before each request which one it is. */
  | {
      readonly kind: "decide";
      readonly cache: string;
      readonly until: number;
      readonly isCareful: boolean;
    }
  /** Shows the policy's queues before and after the request that leads to this position, if it has few entries. */
  | { readonly kind: "show"; readonly cache: string; readonly at: number; readonly most: number };

export interface CacheSetup {
  readonly size: number;
  readonly unit: SizeUnit;
  /** The most entries that fit at once. */
  readonly maxEntries: number;
  readonly conditions: Conditions;
}

export type SandboxAnswer =
  /** `next`: the workload to go on with; undefined: all have been tried. */
  | { readonly kind: "checked"; readonly next: number | undefined; readonly fault: Fault | undefined }
  | { readonly kind: "ready"; readonly fault: Fault | undefined }
  | Decided
  /** `isReached`: false asks for the same question once more. No queues: the policy shows none, or too many entries. */
  | {
      readonly kind: "shown";
      readonly isReached: boolean;
      readonly before: ShownQueues | undefined;
      readonly after: ShownQueues | undefined;
    };

/** What is said without being an answer. */
export type SandboxNote =
  /** Once: the code has been read, and questions are heard. */
  | { readonly kind: "started" }
  /** In careful work: the request that comes now. */
  | { readonly kind: "at"; readonly at: number };

/** The policy's decisions since the last answer. */
export interface Decided {
  readonly kind: "decided";
  /** Requests that have been made. */
  readonly to: number;
  /** Slots that were evicted, in order. */
  readonly victims: Int32Array;
  /** Reads so far, and misses among them. */
  readonly requests: number;
  readonly misses: number;
  /** The rule that was broken. Its request, from 0, is `to`; the number of all requests: after the last one. */
  readonly fault: Fault | undefined;
}

/** Why there is no answer: the code cannot be read, or it goes its own way. The sandbox is closed. */
export interface Broken {
  readonly kind: "broken";
  readonly fault: Fault;
  /** Whether it took too long. */
  readonly isLate: boolean;
  /** The request that was said last. */
  readonly at: number | undefined;
}

/** What is wrong, in words. */
export interface Fault {
  readonly text: string;
  /** The line of the reader's code, from 1, if it is known. */
  readonly line: number | undefined;
}

/** Asks the sandbox, wherever it is. `load` opens one with this code, and closes the one before. */
export type AskSandbox = (
  question: SandboxQuestion | { readonly kind: "load"; readonly code: string },
) => Promise<SandboxAnswer | Broken>;

/** The columns of the requests that caches look at. What is undefined does not occur. */
export interface Stream {
  readonly objects: Uint32Array;
  readonly size: Float64Array | undefined;
  readonly operation: Uint8Array | undefined;
  readonly ttlMs: Float64Array | undefined;
  readonly timeMs: Float64Array | undefined;
  readonly hasTimes: boolean;
  /** Different keys. */
  readonly keys: number;
}
