import { expect, test } from "bun:test";
import { KeyRef } from "../lib/key-ref.ts";
import type { CacheObserver } from "./cache-observer.ts";
import { ObserverGroup } from "./observer-group.ts";

const KEY = new KeyRef().refer(Buffer.from("key"), 0, 3, 7);
const NAME = new Uint8Array([1]);

/** Notes every call with its arguments. */
class Notes {
  readonly calls: unknown[][] = [];

  /** @param read what `missed` returns */
  observer(read: number, events: readonly string[]): CacheObserver {
    const methods = events.map((event) => [
      event,
      (...args: unknown[]) => {
        this.calls.push([event, ...args]);
        return event === "missed" ? read : undefined;
      },
    ]);
    return Object.fromEntries(methods) as CacheObserver;
  }
}

const EVENTS: readonly (readonly [keyof CacheObserver, ...unknown[]])[] = [
  ["hit", KEY, 10, 1000],
  ["missed", KEY, 1001],
  ["coalesced", 7],
  ["answered", 7, 2, 10, -1],
  ["filled", 7, 10, 5000, 1002],
  ["refused", 7, "no-room"],
  ["wrote", KEY, true, 1003],
  ["invalidated", KEY, "push"],
  ["invalidatedAll", [1, 2]],
  ["left", NAME, "evicted"],
];
const NAMES = EVENTS.map(([name]) => name);

function tell(observer: CacheObserver, [event, ...args]: (typeof EVENTS)[number]): unknown {
  return (observer[event] as ((...args: unknown[]) => unknown) | undefined)?.call(observer, ...args);
}

test("tells both of every event, with all that is known of it", () => {
  const [first, second] = [new Notes(), new Notes()];
  const group = new ObserverGroup(first.observer(1, NAMES), second.observer(2, NAMES));
  for (const event of EVENTS) tell(group, event);
  expect(first.calls).toEqual(EVENTS.map((event) => [...event]));
  expect(second.calls).toEqual(first.calls);
});

test("numbers a read as the second one does", () => {
  const group = new ObserverGroup(new Notes().observer(1, NAMES), new Notes().observer(2, NAMES));
  expect(group.missed(KEY, 0)).toBe(2);
});

test("wants the keys that leave if one of the two does", () => {
  const without = NAMES.filter((name) => name !== "left");
  const notes = new Notes();
  const deaf = () => new Notes().observer(0, without);
  const left = EVENTS.at(-1)!;
  tell(new ObserverGroup(notes.observer(0, NAMES), deaf()), left);
  tell(new ObserverGroup(deaf(), notes.observer(0, NAMES)), left);
  expect(notes.calls).toEqual([[...left], [...left]]);
  expect(new ObserverGroup(deaf(), deaf()).left).toBeUndefined();
});
