import { NOT_AN_INTEGER, SYNTAX_ERROR } from "../commands/command-errors.ts";
import type { Request } from "../protocol/protocol.ts";
import { int64 } from "./arguments.ts";

/** The options of CLIENT TRACKING. */
export interface TrackingOptions {
  readonly on: boolean;
  readonly broadcast: boolean;
  readonly optIn: boolean;
  readonly optOut: boolean;
  readonly noLoop: boolean;
  /** The client that receives the invalidations; 0 for the tracking client itself. */
  readonly redirect: number;
  /** Strings of one character a byte. */
  readonly prefixes: readonly string[];
}

const SECOND_REDIRECTION = "ERR A client can only redirect to a single other client";
const NO_SUCH_CLIENT = "ERR The client ID you want redirect to does not exist";

/**
 * Parses a CLIENT TRACKING request by itself, regardless of what the client tracks already.
 * @param isClient whether there is a client with this id
 * @returns the options, or an error text
 */
export function parseTrackingOptions(
  request: Request,
  isClient: (id: number) => boolean,
): TrackingOptions | string {
  const mode = request.text(2).toLowerCase();
  let broadcast = false;
  let optIn = false;
  let optOut = false;
  let noLoop = false;
  let redirect = 0;
  const prefixes: string[] = [];
  for (let index = 3; index < request.count; index++) {
    const option = request.text(index).toLowerCase();
    const hasValue = index + 1 < request.count;
    if (option === "redirect" && hasValue) {
      if (redirect !== 0) return SECOND_REDIRECTION;
      const id = int64(request, ++index);
      if (id === undefined) return NOT_AN_INTEGER;
      redirect = Number(id);
      if (!isClient(redirect)) return NO_SUCH_CLIENT;
    } else if (option === "bcast") broadcast = true;
    else if (option === "optin") optIn = true;
    else if (option === "optout") optOut = true;
    else if (option === "noloop") noLoop = true;
    else if (option === "prefix" && hasValue) prefixes.push(request.text(++index));
    else return SYNTAX_ERROR;
  }
  if (mode !== "on" && mode !== "off") return SYNTAX_ERROR;
  return { on: mode === "on", broadcast, optIn, optOut, noLoop, redirect, prefixes };
}

/**
 * Returns why tracking cannot be turned on with these options; undefined when it can.
 * @param before what the client tracks already; undefined when it does not
 */
export function refuseTracking(
  wanted: TrackingOptions,
  before: TrackingOptions | undefined,
): string | undefined {
  if (!wanted.broadcast && wanted.prefixes.length > 0) {
    return "ERR PREFIX option requires BCAST mode to be enabled";
  }
  if (before !== undefined && before.broadcast !== wanted.broadcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
  }
  if (wanted.broadcast && (wanted.optIn || wanted.optOut)) {
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  }
  if (wanted.optIn && wanted.optOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if (before !== undefined && ((wanted.optIn && before.optOut) || (wanted.optOut && before.optIn))) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
  }
  return findOverlap(wanted.prefixes, before?.prefixes ?? []);
}

/** Finds two prefixes of one client of which one begins with the other: their keys would be reported twice. */
function findOverlap(wanted: readonly string[], existing: readonly string[]): string | undefined {
  for (const [index, prefix] of wanted.entries()) {
    for (const other of existing) {
      if (overlap(prefix, other)) return overlapError(prefix, "an existing", other);
    }
    for (const other of wanted.slice(index + 1)) {
      if (overlap(prefix, other)) return overlapError(prefix, "another provided", other);
    }
  }
  return undefined;
}

function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function overlapError(prefix: string, which: string, other: string): string {
  return `ERR Prefix '${prefix}' overlaps with ${which} prefix '${other}'. Prefixes for a single client must not overlap.`;
}
