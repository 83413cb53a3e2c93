import { KNOWN_TABLES } from "./known-tables.ts";
import type { TraceFormat } from "./trace-format.ts";
import { twitter } from "./twitter.ts";

/** Tables in which traces are published; every format here has several fields per line. */
export const PUBLISHED_FORMATS: readonly TraceFormat[] = [twitter, ...KNOWN_TABLES];
