import type { PlayBiography } from "./biography.ts";
import type { CurvePoint } from "./curve.ts";
import type { PlayView } from "./play-view.ts";
import type { PlaySettings } from "./settings.ts";

/** What the page asks of a worker. Each is answered by one message, but for curves. */
export type ToPlayWorker =
  /** Makes the requests, and goes to the settings' position. */
  | { readonly kind: "open"; readonly settings: PlaySettings }
  /** Goes to a position. `isTold`: with the last step in words. */
  | { readonly kind: "seek"; readonly at: number; readonly isTold: boolean }
  /** Replays as much as fits into this time. */
  | { readonly kind: "run"; readonly forMs: number }
  /** Tells an object's biography in one cache. */
  | { readonly kind: "why"; readonly cache: number; readonly object: number }
  /** Computes points of the curves of all caches' policies and of the optimum, one by one. */
  /** `known`: sizes whose points are there already. A later message of this kind ends an earlier one. */
  | { readonly kind: "curves"; readonly settings: PlaySettings; readonly known: readonly number[] };

export type FromPlayWorker =
  /** `hasSizes`: the requests have sizes other than 1. */
  | { readonly kind: "opened"; readonly view: PlayView; readonly objects: number; readonly hasSizes: boolean }
  | { readonly kind: "view"; readonly view: PlayView }
  | {
      readonly kind: "why";
      readonly cache: number;
      readonly object: number;
      readonly biography: PlayBiography;
    }
  /** `share`: of all points, so many are there. */
  | { readonly kind: "points"; readonly points: readonly CurvePoint[]; readonly share: number }
  | { readonly kind: "failed"; readonly message: string };
