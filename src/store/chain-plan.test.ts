import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ChainPlan, pagesOfPlan, planChain, samePlan } from "./chain-plan.ts";
import {
  ENTRY_HEADER_BYTES,
  EXPIRY_BYTES,
  EXTENDED_HEADER_BYTES,
  EXTENT_HEADER_BYTES,
  LONG_HEADER_BYTES,
} from "./entry-layout.ts";
import { sizeClasses } from "./size-classes.ts";

/** The chunk sizes of a plan, in order. */
function chunksOf(plan: ChainPlan, pageBytes: number): number[] {
  const { chunkBytes } = sizeClasses(pageBytes);
  const chunks: number[] = [];
  for (let run = 0; run < plan.runs; run++) {
    for (let i = 0; i < plan.counts[run]!; i++) chunks.push(chunkBytes[plan.classes[run]!]!);
  }
  return chunks;
}

function planned(
  pageBytes: number,
  payloadBytes: number,
  headerBytes: number = ENTRY_HEADER_BYTES,
): ChainPlan {
  const plan = new ChainPlan();
  planChain(plan, sizeClasses(pageBytes), payloadBytes, headerBytes);
  return plan;
}

const pageBytes = fc.constantFrom(4096, 8192, 16_384);
/** Without an expiry, with one, and with two deadlines. */
const HEADERS = [ENTRY_HEADER_BYTES, ENTRY_HEADER_BYTES + EXPIRY_BYTES, EXTENDED_HEADER_BYTES];
const payloadBytes = fc.oneof(fc.nat(2000), fc.nat(100_000), fc.nat(2 ** 29));

describe("chain plan", () => {
  test("holds the entry, and wastes little", () => {
    fc.assert(
      fc.property(pageBytes, payloadBytes, fc.constantFrom(...HEADERS), (page, payload, headerBytes) => {
        const plan = planned(page, payload, headerBytes);
        const chunks = plan.counts.slice(0, plan.runs).reduce((sum, count) => sum + count, 0);
        const header = plan.hasExtents ? Math.max(headerBytes, LONG_HEADER_BYTES) : headerBytes;
        const needed = header + payload + (chunks - 1) * EXTENT_HEADER_BYTES;
        expect(plan.hasExtents).toBe(chunks > 1);
        expect(plan.bytes).toBeGreaterThanOrEqual(needed);
        expect(plan.bytes - needed).toBeLessThanOrEqual(Math.max(40, plan.bytes / 16));
      }),
    );
  });

  test("uses whole pages while the rest fills them", () => {
    const chunks = chunksOf(planned(8192, 100_000), 8192);
    expect(chunks.slice(0, 12)).toEqual(new Array(12).fill(8192));
    expect(chunks.slice(12).every((bytes) => bytes < 8192)).toBe(true);
    expect(chunks.length).toBeLessThanOrEqual(15);
  });

  test("fills every chunk but the last", () => {
    fc.assert(
      fc.property(pageBytes, fc.nat(60_000), (page, payload) => {
        const plan = planned(page, payload);
        let rest = payload + (plan.hasExtents ? LONG_HEADER_BYTES : ENTRY_HEADER_BYTES);
        chunksOf(plan, page).forEach((bytes, i) => {
          expect(rest).toBeGreaterThan(0);
          rest -= i === 0 ? bytes : bytes - EXTENT_HEADER_BYTES;
        });
        expect(rest).toBeLessThanOrEqual(0);
      }),
    );
  });

  test("never names a class in two runs", () => {
    for (const page of [4096, 8192, 16_384]) {
      for (let payload = 0; payload < 3 * page; payload++) {
        const plan = planned(page, payload, HEADERS[payload % HEADERS.length]);
        const classes = plan.classes.slice(0, plan.runs);
        if (new Set(classes).size !== plan.runs) throw new Error(`payload ${payload}: classes ${classes}`);
      }
    }
  });

  test("counts pages", () => {
    expect(pagesOfPlan(planned(4096, 10), sizeClasses(4096))).toBe(1);
    expect(pagesOfPlan(planned(4096, 100_000), sizeClasses(4096))).toBe(25);
  });

  test("compares plans", () => {
    expect(samePlan(planned(4096, 100), planned(4096, 101))).toBe(true);
    expect(samePlan(planned(4096, 100), planned(4096, 120))).toBe(false);
    expect(samePlan(planned(4096, 9000), planned(4096, 90_000))).toBe(false);
  });
});
