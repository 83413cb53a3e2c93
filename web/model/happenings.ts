import type { InvalidatedAllBy } from "../../src/coherence/coherent-cache.ts";
import type { Source } from "../../src/coherence/waiter.ts";

/** What a connection asks of the origin. `track`: tell this connection what changes. */
export type Request =
  | { readonly command: "track" | "ping" }
  | { readonly command: "pttl" | "get"; readonly key: string }
  | { readonly command: "set"; readonly key: string; readonly text: string; readonly write: number };

/** What the origin sends: replies in the order of the requests, and invalidations in between. */
export type Answer =
  | { readonly kind: "reply"; readonly to: Request; readonly version: number; readonly remainingMs: number }
  | { readonly kind: "push"; readonly key: string };

/** What is in a frame, and its direction: `up` to the origin. */
export type FrameLoad =
  | { readonly up: true; readonly requests: readonly Request[] }
  | { readonly up: false; readonly answers: readonly Answer[] };

/** What a client does. `ms`: how long it waits before. `past`: it writes at the origin, past every proxy. */
export type Action =
  | { readonly kind: "read"; readonly key: string; readonly ms?: number }
  | {
      readonly kind: "write";
      readonly key: string;
      readonly text: string;
      readonly ttlMs?: number;
      readonly ms?: number;
      readonly past?: boolean;
    };

/** What a move is about, for the page to tell. */
export type MoveAbout =
  | { readonly kind: "act"; readonly client: string; readonly action: Action }
  | { readonly kind: "arrive"; readonly wire: string; readonly requests: readonly Request[] }
  | { readonly kind: "execute"; readonly wire: string; readonly request: Request }
  | { readonly kind: "deliver"; readonly wire: string; readonly answers: readonly Answer[] }
  | { readonly kind: "notice"; readonly wire: string }
  | { readonly kind: "timer"; readonly owner: string };

/** Why a fill's value was not stored. */
type RefusedFor = "void" | "no-time-to-live" | "expired";

/**
 * What happened, when on the model's clock, and behind how many moves. `version` numbers the states of all keys in the order in which the
 * origin took them on; a state may be that the key does not exist.
 */
export type Happening = { readonly atMs: number; readonly step: number } & (
  | { readonly what: "sent"; readonly wire: string; readonly frame: number; readonly load: FrameLoad }
  | { readonly what: "arrived"; readonly wire: string; readonly frame: number }
  | {
      readonly what: "asked";
      readonly client: string;
      readonly at: string;
      readonly key: string;
      readonly read: number;
    }
  | {
      readonly what: "answered";
      readonly client: string;
      readonly at: string;
      readonly key: string;
      readonly read: number;
      readonly version: number;
      readonly source: Source;
    }
  | {
      readonly what: "wrote";
      readonly client: string;
      readonly at: string;
      readonly key: string;
      readonly text: string;
      readonly write: number;
    }
  /** `version` is 0 if the origin does not have the write yet. */
  | {
      readonly what: "acknowledged";
      readonly client: string;
      readonly at: string;
      readonly key: string;
      readonly write: number;
      readonly version: number;
    }
  | { readonly what: "read-failed"; readonly client: string; readonly at: string; readonly read: number }
  | { readonly what: "write-failed"; readonly client: string; readonly at: string; readonly write: number }
  | { readonly what: "executed"; readonly wire: string; readonly request: Request; readonly version: number }
  /** `write`: which write did it; 0: none of a client. */
  | {
      readonly what: "changed";
      readonly key: string;
      readonly text: string;
      readonly version: number;
      readonly write: number;
      readonly expiresAtMs: number;
    }
  | { readonly what: "expired"; readonly key: string; readonly version: number }
  | { readonly what: "pushed"; readonly wire: string; readonly key: string }
  | { readonly what: "began"; readonly at: string; readonly key: string; readonly lease: number }
  | { readonly what: "joined"; readonly at: string; readonly key: string }
  | {
      readonly what: "stored";
      readonly at: string;
      readonly key: string;
      readonly version: number;
      /** 0: never. */
      readonly expiresAtMs: number;
    }
  | {
      readonly what: "refused";
      readonly at: string;
      readonly key: string;
      readonly version: number;
      readonly why: RefusedFor;
    }
  | {
      readonly what: "invalidated";
      readonly at: string;
      readonly key: string;
      readonly by: "write" | "push" | "reply";
      /** Whether there was an entry, and the key's lease from now on. */
      readonly had: boolean;
      readonly lease: number;
    }
  | {
      readonly what: "invalidated-all";
      readonly at: string;
      readonly by: InvalidatedAllBy;
      readonly epoch: number;
    }
  | { readonly what: "proven"; readonly at: string; readonly untilMs: number }
  | {
      readonly what: "connected" | "disconnected" | "silent" | "answers" | "wire-lost" | "stopped";
      readonly at: string;
    }
  | { readonly what: "cut" | "swallowed" | "mended"; readonly wire: string }
);

/** A happening without its moment. */
export type Told = Happening extends infer One
  ? One extends Happening
    ? Omit<One, "atMs" | "step">
    : never
  : never;
