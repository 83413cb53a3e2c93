import type { FactsRow } from "../facts.ts";

/** Positions on the globe, kept in sorted sets. */
export const GEO_FACTS: readonly FactsRow[] = [
  ["geoadd", -5, "write denyoom", "creates 1", "integer", "3.2.0"],
  ["geodist", -4, "readonly", "reads 1", "bulk", "3.2.0"],
  ["geohash", -2, "readonly", "reads 1", "array", "3.2.0"],
  ["geopos", -2, "readonly", "reads 1", "doubles", "3.2.0"],
  [
    "georadius",
    -6,
    "write denyoom",
    "reads 1; replaces store@6; replaces storedist@6",
    "array|doubles|integer",
    "3.2.0",
  ],
  ["georadius_ro", -6, "readonly", "reads 1", "array|doubles", "3.2.10"],
  [
    "georadiusbymember",
    -5,
    "write denyoom",
    "reads 1; replaces store@5; replaces storedist@5",
    "array|doubles|integer",
    "3.2.0",
  ],
  ["georadiusbymember_ro", -5, "readonly", "reads 1", "array|doubles", "3.2.10"],
  ["geosearch", -7, "readonly", "reads 1", "array|doubles", "6.2.0"],
  ["geosearchstore", -8, "write denyoom", "replaces 1; reads 2", "integer", "6.2.0"],
];
