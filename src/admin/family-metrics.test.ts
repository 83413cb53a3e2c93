import { expect, test } from "bun:test";
import { familyMetrics } from "../instruments/family-metrics.ts";
import { exposition } from "./exposition.ts";

const FAMILY = {
  ...{ name: 'a"b:*', requestsPerSecond: 2.5, hitRatio: 0.5, memoryBytes: 100, entries: 1 },
  ...{ meanValueBytes: 1, meanTtlMs: null, lastReadAfterMs: null, churnPerSecond: 0 },
};

test("each family is a label, whatever its name", () => {
  const text = exposition(familyMetrics({ families: [FAMILY, { ...FAMILY, name: "(others)" }] }));
  expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
    'glasscache_key_family_requests_per_second{key_family="a\\"b:*"} 2.5',
    'glasscache_key_family_requests_per_second{key_family="(others)"} 2.5',
    'glasscache_key_family_hit_ratio{key_family="a\\"b:*"} 0.5',
    'glasscache_key_family_hit_ratio{key_family="(others)"} 0.5',
    'glasscache_key_family_memory_bytes{key_family="a\\"b:*"} 100',
    'glasscache_key_family_memory_bytes{key_family="(others)"} 100',
    "",
  ]);
});
