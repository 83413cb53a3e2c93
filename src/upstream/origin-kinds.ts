import { clusterKind } from "./cluster/cluster-kind.ts";
import { serverKind } from "./discovered-origin.ts";
import type { NamedOrigin, OriginKind } from "./origin.ts";
import { sentinelKind } from "./sentinel/sentinel-kind.ts";

/** The kinds of origin. An address without a scheme is of the first kind. */
export const ORIGIN_KINDS: readonly [OriginKind, ...OriginKind[]] = [serverKind, clusterKind, sentinelKind];

/** The forms of an origin's address, for help. */
export const ORIGIN_FORMS: string = ORIGIN_KINDS.map(({ form }) => form).join(" or ");

/**
 * Reads the address of an origin. Its scheme says which kind it is.
 * @throws RangeError saying what is wrong; it never repeats the password
 */
export function readOrigin(text: string): NamedOrigin {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return ORIGIN_KINDS[0].read(text);
  const kind = ORIGIN_KINDS.find(({ schemes }) => schemes.includes(scheme));
  if (kind !== undefined) return kind.read(text);
  const known = ORIGIN_KINDS.map(({ schemes }) => `${schemes[0]}://`).join(" or ");
  throw new RangeError(`origin scheme ${scheme}:// is not supported; use ${known}`);
}
