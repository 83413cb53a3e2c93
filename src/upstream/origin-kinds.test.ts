import { expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { systemClock } from "../lib/clock.ts";
import { DiscoveredOrigin } from "./discovered-origin.ts";
import type { OriginEvents } from "./origin.ts";
import { ORIGIN_FORMS, ORIGIN_KINDS, readOrigin } from "./origin-kinds.ts";

test("each scheme is of one kind, in lower case, and the help names each kind's usual one", () => {
  const schemes = ORIGIN_KINDS.flatMap((kind) => kind.schemes);
  expect(new Set(schemes).size).toBe(schemes.length);
  expect(schemes).toEqual(schemes.map((scheme) => scheme.toLowerCase()));
  for (const kind of ORIGIN_KINDS) {
    expect(kind.form).toContain(`${kind.schemes[0]}://`);
    expect(ORIGIN_FORMS).toContain(kind.form);
  }
});

test.each([
  ["localhost:9090", "localhost:9090", false, false],
  ["redis://:secret@host/2", "host:6379", true, false],
  ["REDIS://host", "host:6379", false, false],
  ["valkey://me:secret@[::1]:7000", "[::1]:7000", true, false],
  ["redis://me@host", "host:6379", false, true],
])("%s names %s", (text, name, hasPassword, lacksPassword) => {
  expect(readOrigin(text)).toMatchObject({ name, hasPassword, lacksPassword, isSecure: false });
});

test("rediss://host is reached by TLS", () => {
  expect(readOrigin("rediss://host")).toMatchObject({ name: "host:6379", isSecure: true });
});

test.each([
  ["http://me:secret@host:80", "origin scheme http:// is not supported; use redis://"],
  ["ldaps://:secret@host", "origin scheme ldaps:// is not supported; use redis://"],
  ["redis://me:secret@host:0", "0 is not a port"],
  ["me:secret@host:6379", "origin is not of the form host:port"],
  ["host", 'origin "host" is not of the form host:port'],
])("%s is refused without repeating a password", (text, message) => {
  expect(() => readOrigin(text)).toThrow(RangeError);
  expect(() => readOrigin(text)).toThrow(message);
  expect(() => readOrigin(text)).not.toThrow("secret");
});

test("an origin that has been opened follows its options", () => {
  using server = new FakeOrigin();
  const live = { heartbeatMs: 1000 };
  const none = (): void => {};
  const events: OriginEvents = {
    ...{ invalidated: none, allInvalidated: none, proven: none },
    ...{ lost: none, ready: none, silent: none, answers: none, clustered: none, moved: none, retired: none },
  };
  const origin = readOrigin(`redis://127.0.0.1:${server.port}/4`).open(
    (address) => ({
      address,
      get heartbeatMs() {
        return live.heartbeatMs;
      },
      heartbeatTimeoutMs: 500,
      ...{ clock: systemClock, random: { next: () => 0 }, connectTimeoutMs: 5000, timeoutMs: 5000 },
      ...{ trackingRetryMs: 10_000, pendingBytes: 10_000 },
    }),
    events,
  );
  try {
    expect(origin).toBeInstanceOf(DiscoveredOrigin);
    expect([origin.database, origin.name]).toEqual([4, `127.0.0.1:${server.port}`]);
    const boundMs = origin.stalenessBoundMs;
    live.heartbeatMs += 250;
    expect(origin.stalenessBoundMs).toBe(boundMs + 250);
  } finally {
    origin.close();
  }
});
