import { expect, test } from "bun:test";
import { signal } from "@preact/signals";
import type { Dashboard } from "./dashboard.ts";
import { gated } from "./gate.ts";
import { type Moment, RecentFigures } from "./recent.ts";
import type { Reading } from "./sections.ts";

test("behind a closed gate figures stand still; open, they are the newest", () => {
  const reading = signal<Reading | undefined>(undefined);
  const moments = signal<readonly Moment[]>([]);
  const source = { reading, recent: new RecentFigures(moments), histories: [] } as unknown as Dashboard;
  const { dashboard, isOpen } = gated(source);
  const at = (number: number): Reading => ({ number, atMs: number, service: "proxy", sections: {} });
  reading.value = at(1);
  expect(dashboard.reading.value?.number).toBe(1);
  isOpen.value = false;
  reading.value = at(2);
  moments.value = [{ atMs: 2, counters: { figure: 7 } }];
  expect(dashboard.reading.value?.number).toBe(1);
  expect(dashboard.recent.figure("figure")).toBeUndefined();
  isOpen.value = true;
  expect(dashboard.reading.value?.number).toBe(2);
  expect(dashboard.recent.figure("figure")).toBe(7);
});
