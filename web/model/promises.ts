import type { Happening } from "./happenings.ts";

/** A read that returned what had been promised never to be returned. */
export interface BrokenPromise {
  readonly read: number;
  readonly client: string;
  readonly key: string;
  readonly version: number;
  /**
   * `older`: an older value than one read, or written and acknowledged, on this proxy before the read began.
   * `staleness-bound`: a value that had not been the origin's for longer than the bound. `expired`: a hit on a value
   * that had expired.
   */
  readonly promise: "older" | "staleness-bound" | "expired";
  /** How long the value had not been the origin's any more when the read began. */
  readonly staleMs: number;
}

/** A read's answer, and how old it was: 0 if the value was still the origin's when the read began. */
export interface ReadAnswer {
  readonly read: number;
  readonly client: string;
  readonly at: string;
  readonly key: string;
  readonly version: number;
  readonly source: "hit" | "miss" | "coalesced";
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  readonly staleMs: number;
}

interface Ended {
  readonly atMs: number;
  readonly byExpiry: boolean;
}

/** Judges a log of what happened: each answer, and each broken promise. Knows nothing of caches. */
export function judge(
  happenings: readonly Happening[],
  boundMs: number,
): { readonly answers: readonly ReadAnswer[]; readonly broken: readonly BrokenPromise[] } {
  const ended = endsOf(happenings);
  const known = new Map<string, number>();
  const asked = new Map<number, { readonly atMs: number; readonly known: number }>();
  const answers: ReadAnswer[] = [];
  const broken: BrokenPromise[] = [];
  const learn = (at: string, key: string, version: number): void => {
    const place = `${at} ${key}`;
    known.set(place, Math.max(known.get(place) ?? 0, version));
  };
  for (const one of happenings) {
    if (one.what === "asked") {
      asked.set(one.read, { atMs: one.atMs, known: known.get(`${one.at} ${one.key}`) ?? 0 });
    } else if (one.what === "acknowledged") {
      learn(one.at, one.key, one.version);
    } else if (one.what === "answered") {
      const { read, client, key, version, source } = one;
      const began = asked.get(read)!;
      const end = ended.get(version);
      const staleMs = end === undefined ? 0 : Math.max(0, began.atMs - end.atMs);
      answers.push({
        ...{ read, client, at: one.at, key, version, source, staleMs },
        ...{ askedAtMs: began.atMs, answeredAtMs: one.atMs },
      });
      const breach = { read, client, key, version, staleMs };
      if (version < began.known) broken.push({ ...breach, promise: "older" });
      if (source === "hit" && end?.byExpiry === true && staleMs > 0)
        broken.push({ ...breach, promise: "expired" });
      if (staleMs > boundMs) broken.push({ ...breach, promise: "staleness-bound" });
      learn(one.at, key, version);
    }
  }
  return { answers, broken };
}

/** When each state ended, and how. */
function endsOf(happenings: readonly Happening[]): Map<number, Ended> {
  const present = new Map<string, { readonly version: number; readonly expiresAtMs: number }>();
  const ended = new Map<number, Ended>();
  for (const one of happenings) {
    if (one.what !== "changed" && one.what !== "expired") continue;
    const before = present.get(one.key);
    if (before !== undefined) {
      const byExpiry = before.expiresAtMs <= one.atMs;
      ended.set(before.version, { atMs: Math.min(one.atMs, before.expiresAtMs), byExpiry });
    }
    const expiresAtMs = one.what === "changed" ? one.expiresAtMs : Number.POSITIVE_INFINITY;
    present.set(one.key, { version: one.version, expiresAtMs });
  }
  return ended;
}
