import { describe, expect, test } from "bun:test";
import { formatOrigin, parseOrigin } from "./address.ts";

describe("parseOrigin", () => {
  test.each([
    ["localhost:9090", { host: "localhost", port: 9090 }],
    ["10.0.0.1:6379", { host: "10.0.0.1", port: 6379 }],
    ["[::1]:6379", { host: "::1", port: 6379 }],
    ["redis://cache.example", { host: "cache.example", port: 6379 }],
    ["redis://cache.example:7000/", { host: "cache.example", port: 7000 }],
    ["redis://cache.example:7000/0", { host: "cache.example", port: 7000 }],
    ["valkey://[fe80::1]:7000", { host: "fe80::1", port: 7000 }],
    ["glasscache://localhost:9090", { host: "localhost", port: 9090 }],
    ["rediss://cache.example", { host: "cache.example", port: 6379, isSecure: true }],
    ["valkeys://cache.example:7000/3", { host: "cache.example", port: 7000, database: 3, isSecure: true }],
    ["glasscaches://:secret@localhost:1", { host: "localhost", port: 1, password: "secret", isSecure: true }],
    ["redis://cache.example/3", { host: "cache.example", port: 6379, database: 3 }],
    ["redis://cache.example?db=3", { host: "cache.example", port: 6379, database: 3 }],
    ["redis://cache.example/?db=0", { host: "cache.example", port: 6379 }],
    ["redis://cache.example/3?db=3", { host: "cache.example", port: 6379, database: 3 }],
    ["redis://:secret@host:1", { host: "host", port: 1, password: "secret" }],
    ["redis://me:secret@host", { host: "host", port: 6379, user: "me", password: "secret" }],
    ["redis://me:p%40ss%3Aword%2F@host", { host: "host", port: 6379, user: "me", password: "p@ss:word/" }],
  ])("%s", (text, address) => {
    expect(parseOrigin(text)).toEqual(address);
  });

  test.each([
    ["", 'origin "" is not of the form host:port or redis://[user:password@]host:port'],
    ["localhost", 'origin "localhost" is not of the form'],
    ["localhost:", "is not of the form"],
    [":6379", "is not of the form"],
    ["::1:6379", "is not of the form"],
    ["a b:1", "is not of the form"],
    ["localhost:0", "0 is not a port"],
    ["localhost:65536", "65536 is not a port"],
    ["redis://localhost:65536", "not a valid URL"],
    ["redis://localhost:0", "0 is not a port"],
    ["redis://", "origin names no host"],
    ["redis://:secret@", "not a valid URL"],
    ["http://localhost:80", "scheme http:// is not supported"],
    ["redis+tls://localhost:6379", "scheme redis+tls:// is not supported"],
    ["redis://localhost/x", 'the database "x", which is not a number'],
    ["redis://localhost/-1", "which is not a number"],
    ["redis://localhost/1/2", "which is not a number"],
    ["redis://localhost?db=", "which is not a number"],
    ["redis://localhost/1?db=2", "names two databases"],
    ["redis://localhost?db=1&db=2", "names two databases"],
    ["redis://localhost?database=2", 'unknown parameter "database"'],
    ["redis://localhost?db=2&timeout=3", 'unknown parameter "timeout"'],
    ["redis://localhost/2#1", 'behind "#"'],
    ["redis://me:100%@host", "not a valid URL"],
  ])("%s is refused", (text, message) => {
    expect(() => parseOrigin(text)).toThrow(RangeError);
    expect(() => parseOrigin(text)).toThrow(message);
  });

  test("no message repeats a password", () => {
    for (const text of [
      "redis://u:secret@host:99999",
      "redis://u:secret@host/x",
      "redis://u:secret@host?x=1",
      "http://u:secret@host",
    ]) {
      try {
        parseOrigin(text);
        expect.unreachable();
      } catch (error) {
        expect((error as Error).message).not.toContain("secret");
      }
    }
  });

  test("a password without a URL is not repeated either", () => {
    expect(() => parseOrigin("me:secret@host:6379")).toThrow(RangeError);
    expect(() => parseOrigin("me:secret@host:6379")).not.toThrow(/secret/);
  });
});

test("formatOrigin names host and port, and no password", () => {
  expect(formatOrigin(parseOrigin("redis://me:secret@host:1"))).toBe("host:1");
  expect(formatOrigin(parseOrigin("[::1]:6379"))).toBe("[::1]:6379");
});
