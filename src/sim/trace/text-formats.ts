import { arc } from "./arc.ts";
import { csv } from "./csv.ts";
import { keys } from "./keys.ts";
import { lirs } from "./lirs.ts";
import type { TraceFormat } from "./trace-format.ts";

/** Plain text formats. They are tried after all others, and the last two take any text. */
export const TEXT_FORMATS: readonly TraceFormat[] = [arc, lirs, csv, keys];
