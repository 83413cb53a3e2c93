import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SeededRandom } from "../lib/random.ts";
import { reconnectDelayMs, resolveOptions } from "./options.ts";

describe("addresses", () => {
  test.each([
    [{}, { host: "localhost", port: 8080 }],
    [{ port: 1 }, { host: "localhost", port: 1 }],
    [{ url: "glasscache://example.org" }, { host: "example.org", port: 8080 }],
    [{ url: "redis://[::1]:6379/" }, { host: "::1", port: 6379 }],
    [{ url: "glasscache://:p%40ss@h:1" }, { host: "h", port: 1, password: "p@ss" }],
    [{ url: "glasscache://me:pass@h:1" }, { host: "h", port: 1, user: "me", password: "pass" }],
    [
      { url: "glasscache://:a@h:1", password: "b" },
      { host: "h", port: 1, password: "b" },
    ],
  ])("%j", (options, expected) => {
    const { host, port, user, password } = resolveOptions(options);
    expect(resolveOptions(options).tls).toBeUndefined();
    expect({ host, port, user, password }).toEqual({ user: undefined, password: undefined, ...expected });
  });
});

test.each([
  [{ url: "glasscaches://h:1" }, {}],
  [{ url: "rediss://h:1", tls: { servername: "s" } }, { servername: "s" }],
  [{ url: "rediss://h:1", tls: true }, {}],
  [{ host: "h", tls: true }, {}],
  [{ host: "h", tls: { ca: "c" } }, { ca: "c" }],
  [{ host: "h", tls: false }, undefined],
])("TLS: %j", (options, tls) => {
  expect(resolveOptions(options).tls as object).toEqual(tls as unknown as object);
});

describe("options that cannot be", () => {
  test.each([
    [{ url: "glasscache://h:1", tls: true }, "write it as glasscaches://"],
    [{ url: "rediss://h:1", tls: false }, "contradicts the url"],
    [{ tls: { cert: "c" } }, "a certificate needs its key"],
    [{ tls: { sni: "c" } as object }, 'tls has no option "sni": did you mean "servername"?'],
    [{ tls: { ca: 1 } as object }, "tls.ca is"],
    [{ tls: "yes" as unknown as boolean }, "the options of tls are"],
    [{ port: 0 }, "port 0 is not a whole number from 1 to 65535"],
    [{ port: 1.5 }, "port 1.5 is not a whole number"],
    [{ host: "" }, "the host is empty"],
    [{ url: "glasscache://h:1", port: 2 }, "give either a url or a host and port"],
    [{ url: "no url" }, "the url is not of the form glasscache://"],
    [{ url: "http://h:1" }, "the url begins with http://"],
    [{ url: "redis://h:1/2" }, "the url has extra text after the port"],
    [{ url: "glasscache://:s3cret%@h" }, "holds a % that does not begin an escape"],
    [{ timeoutMs: -1 }, "timeoutMs: -1 is not from 0 to 2147483647"],
    [{ connectTimeoutMs: Number.NaN }, "connectTimeoutMs: NaN is not from 0"],
    [{ reconnect: { maxAttempts: 0 } }, "reconnect.maxAttempts: 0 is less than 1"],
    [{ maxPendingCalls: 0 }, "maxPendingCalls: 0 is less than 1"],
  ])("%j", (options, message) => {
    expect(() => resolveOptions(options)).toThrow(message);
    expect(() => resolveOptions(options)).not.toThrow("s3cret");
  });
});

test("delays grow, and are drawn from all of their range", () => {
  const policy = { firstDelayMs: 50, maxDelayMs: 3000, maxAttempts: 10 };
  const highest = { next: () => 1 - Number.EPSILON };
  const delays = [0, 1, 2, 5, 6, 100].map((attempt) =>
    Math.round(reconnectDelayMs(policy, attempt, highest)),
  );
  expect(delays).toEqual([50, 100, 200, 1600, 3000, 3000]);
  fc.assert(
    fc.property(fc.nat(2000), fc.nat(), (attempt, seed) => {
      const delay = reconnectDelayMs(policy, attempt, new SeededRandom(seed));
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(Math.min(3000, 50 * 2 ** attempt));
    }),
  );
});
