import { INT64_MAX, parseInt64 } from "../lib/bytes.ts";
import type { Request } from "../protocol/protocol.ts";
import { wrongSubcommandArguments } from "./command-errors.ts";

/** Which commands CLIENT PAUSE delays: those that may write, or all. */
export type PauseMode = "write" | "all";

/** The longest pause. The end of a longer one could not be represented. */
const MOST_PAUSE_MS = BigInt(Number.MAX_SAFE_INTEGER) / 2n;

/** Reads the arguments of CLIENT PAUSE, which are at least three. @returns the pause, or an error */
export function readPause(
  request: Request,
  wallMs: number,
): { readonly forMs: number; readonly mode: PauseMode } | string {
  const mode = request.count === 3 ? "all" : request.text(3).toLowerCase();
  if (request.count > 4) return wrongSubcommandArguments("client", request);
  if (mode !== "all" && mode !== "write") return "ERR CLIENT PAUSE mode must be WRITE or ALL";
  const forMs = parseInt64(request.bytes, request.starts[2]!, request.ends[2]!);
  if (forMs === undefined) return "ERR timeout is not an integer or out of range";
  if (forMs < 0n) return "ERR timeout is negative";
  if (forMs > INT64_MAX - BigInt(Math.ceil(wallMs))) return "ERR timeout is out of range";
  return { forMs: Number(forMs > MOST_PAUSE_MS ? MOST_PAUSE_MS : forMs), mode };
}
