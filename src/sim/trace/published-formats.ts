import { KNOWN_TABLES } from "./known-tables.ts";
import type { TraceFormat } from "./trace-format.ts";
import { twitter } from "./twitter.ts";

/** Tables in which traces are published; every one of these has several fields in its lines. */
export const PUBLISHED_FORMATS: readonly TraceFormat[] = [twitter, ...KNOWN_TABLES];
