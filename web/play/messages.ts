import type { AskSandbox, Broken, SandboxAnswer } from "../sandbox/messages.ts";
import type { PlayBiography } from "./biography.ts";
import type { CurvePoint } from "./curve.ts";
import type { PlayView } from "./play-view.ts";
import type { PlaySettings } from "./settings.ts";
import type { WrittenReport } from "./written-runs.ts";

/** What the page asks of a worker. Each is answered by one message, but for curves. */
export type ToPlayWorker =
  /** Makes the requests, or reads them from the file, and goes to the settings' position. */
  /** `code`: that of the policy that is written in the page, if it may run. */
  | {
      readonly kind: "open";
      readonly settings: PlaySettings;
      readonly file?: Blob | undefined;
      readonly code?: string | undefined;
    }
  /** Goes to a position. `isTold`: with the last step in words. */
  | { readonly kind: "seek"; readonly at: number; readonly isTold: boolean }
  /** Goes on as fast as it goes until a message of another kind comes; the answer tells where it is. */
  | { readonly kind: "run" }
  /** Tells an object's biography in one cache. */
  | { readonly kind: "why"; readonly cache: number; readonly object: number }
  /** Computes points of the curves of all caches' policies and of the optimum, one by one. */
  /** `known`: sizes whose points are there already. A later message of this kind ends an earlier one. */
  | {
      readonly kind: "curves";
      readonly settings: PlaySettings;
      readonly known: readonly number[];
      readonly file?: Blob | undefined;
      readonly code?: string | undefined;
    }
  /** What the sandbox has answered to the question of that number. */
  | { readonly kind: "answered"; readonly number: number; readonly answer: SandboxAnswer | Broken }
  /** Whether curves wait, because something else needs the processor. */
  | { readonly kind: "hold"; readonly isHeld: boolean };

export type FromPlayWorker =
  /** `hasSizes`: the requests have sizes other than 1. */
  | {
      readonly kind: "opened";
      readonly view: PlayView;
      readonly objects: number;
      readonly hasSizes: boolean;
      readonly hasTimes: boolean;
      readonly hasWrites: boolean;
      /** How a file was read. */
      readonly notes: readonly string[];
      /** What became of the policy that is written in the page, if one ran. */
      readonly written: WrittenReport | undefined;
    }
  /** Asks the sandbox, which only the page can do. */
  | { readonly kind: "ask"; readonly number: number; readonly question: Parameters<AskSandbox>[0] }
  /** Of all requests, so many have been made with the policy that is written in the page. */
  | { readonly kind: "deciding"; readonly share: number }
  /** The share of a file that has been read. */
  | { readonly kind: "reading"; readonly share: number }
  | { readonly kind: "view"; readonly view: PlayView }
  | {
      readonly kind: "why";
      readonly cache: number;
      readonly object: number;
      readonly biography: PlayBiography;
    }
  /** `share`: of all points, so many are there. */
  | { readonly kind: "points"; readonly points: readonly CurvePoint[]; readonly share: number }
  | { readonly kind: "failed"; readonly message: string }
  /** There is nothing to answer about: what was to be opened has failed. */
  | { readonly kind: "nothing" };
