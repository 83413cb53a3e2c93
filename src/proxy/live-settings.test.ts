import { expect, test } from "bun:test";
import { LOG_LEVELS } from "../lib/log.ts";
import { DEFAULT_LIMITS } from "../net/limits.ts";
import { LIVE_NUMBERS, LiveSettings, type LiveTargets } from "./live-settings.ts";
import { completeSettings } from "./settings.ts";

function targets(): LiveTargets {
  return { settings: completeSettings({ origin: "here" }), limits: { ...DEFAULT_LIMITS } };
}

/** Two threads with the defaults, and how often each has adopted settings. */
function scene() {
  const shared = new Float64Array(LIVE_NUMBERS);
  LiveSettings.publish(shared, targets());
  const [one, other] = [targets(), targets()];
  const changes = { one: 0, other: 0 };
  const live = new LiveSettings(shared, one, () => changes.one++);
  const otherLive = new LiveSettings(shared, other, () => changes.other++);
  return { shared, one, other, live, otherLive, changes };
}

test("a thread that begins adopts what is shared", () => {
  const shared = new Float64Array(LIVE_NUMBERS);
  LiveSettings.publish(shared, targets());
  LiveSettings.change(shared, "ttl", "7s");
  LiveSettings.change(shared, "log-level", "ERROR");
  LiveSettings.change(shared, "max-connections", "17");
  const late = targets();
  let changes = 0;
  new LiveSettings(shared, late, () => changes++);
  expect([late.settings.ttlMs, late.settings.logLevel, changes]).toEqual([7000, "error", 1]);
  expect([late.limits.connections, late.settings.maxConnections]).toEqual([17, 17]);
  expect([LiveSettings.read(shared, "ttl"), LiveSettings.show(shared, "ttl")]).toEqual([7000, "7000ms"]);
});

test("a change holds once it is applied, in each thread that adopts it, and can be taken back", () => {
  const { one, other, live, otherLive, changes } = scene();
  const apply = live.prepare("ttl", "7s");
  live.refresh();
  expect([one.settings.ttlMs, live.show("ttl")]).toEqual([1000, "1000ms"]);
  const revert = apply();
  expect([one.settings.ttlMs, live.show("ttl"), otherLive.show("ttl")]).toEqual([1000, "7000ms", "7000ms"]);
  live.refresh();
  expect([one.settings.ttlMs, other.settings.ttlMs]).toEqual([7000, 1000]);
  otherLive.refresh();
  expect(other.settings.ttlMs).toBe(7000);
  revert();
  live.refresh();
  expect([one.settings.ttlMs, live.show("ttl")]).toEqual([1000, "1000ms"]);
  expect(changes).toEqual({ one: 4, other: 2 });
});

test("every level of the log can be set", () => {
  const { shared } = scene();
  for (const level of LOG_LEVELS) {
    LiveSettings.change(shared, "log-level", level);
    expect(LiveSettings.show(shared, "log-level")).toBe(level);
  }
});

test("what a setting cannot be is said, and changes nothing", () => {
  const { live, shared } = scene();
  expect(() => live.prepare("log-level", "loud")).toThrow('"loud" is not one of ');
  expect(() => LiveSettings.change(shared, "heartbeat", "9ms")).toThrow(
    '"9ms" is too small: the least is 10ms',
  );
  expect([live.show("log-level"), live.show("heartbeat")]).toEqual(["info", "1000ms"]);
});
