import { arc } from "./arc.ts";
import { csv } from "./csv.ts";
import { keys } from "./keys.ts";
import { lirs } from "./lirs.ts";
import type { TraceFormat } from "./trace-format.ts";

/** Formats of plain texts; they are asked after all others, and the last two take what nothing else does. */
export const TEXT_FORMATS: readonly TraceFormat[] = [arc, lirs, csv, keys];
