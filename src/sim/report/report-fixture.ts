import { expect } from "bun:test";
import type { ResultRow } from "../runner.ts";

/** A result of a cache with a thousand requests. */
export function row(
  policy: string,
  size: number,
  missRatio: number,
  rest: Partial<ResultRow> = {},
): ResultRow {
  return {
    trace: "test",
    policy,
    size,
    sizeUnit: "entries",
    requests: 1000,
    misses: Math.round(1000 * missRatio),
    missRatio,
    bytesMissed: Math.round(1000 * missRatio),
    byteMissRatio: missRatio,
    seconds: 0,
    ...rest,
  };
}

/**
 * Returns the names of all elements. Fails if tags are not closed in order, which needs escaped texts and attributes.
 */
export function elementsOf(markup: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  for (const [, closing, name, , empty] of markup.matchAll(
    /<(\/?)([a-z]+)((?:\s+[a-z-]+(?::[a-z]+)?="[^"<]*")*)\s*(\/?)>/gi,
  )) {
    if (closing === "/") expect(open.pop()).toBe(name!);
    else {
      names.push(name!);
      if (empty !== "/") open.push(name!);
    }
  }
  expect(open).toEqual([]);
  return names;
}
