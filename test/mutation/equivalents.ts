import { basename } from "node:path";
import listed from "./equivalents.json";
import type { Description } from "./mutations.ts";

/** A mutation that changes nothing a test could see, and why. */
export interface Equivalent {
  /** The file's name, without its folder. */
  readonly file: string;
  /** What the mutation's lines held and hold, as the report tells it. */
  readonly before: string;
  readonly after: string;
  readonly reason: string;
}

/** Why a mutation is equivalent; undefined where it is not listed. */
export function whyEquivalent(
  path: string,
  { before, after }: Description,
  list: readonly Equivalent[] = listed,
): string | undefined {
  return list.find(
    (equivalent) =>
      equivalent.file === basename(path) && equivalent.before === before && equivalent.after === after,
  )?.reason;
}
