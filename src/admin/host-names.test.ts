import { describe, expect, test } from "bun:test";
import { checkHost, PasswordMissingError, requirePassword } from "./host-names.ts";

describe("the Host header", () => {
  test.each([
    "localhost",
    "LocalHost:8081",
    "localhost.",
    "127.0.0.1:8081",
    "10.1.2.3",
    "[::1]:8081",
    "[fe80::1]",
    "cache.example:443",
    "CACHE.example.",
  ])("may be %s", (header) => {
    expect(() => checkHost(header, ["Cache.example"])).not.toThrow();
  });

  test.each([
    "",
    "evil.example",
    "evil.example:8081",
    "localhost.evil.example",
    "xlocalhost",
    "127.0.0.1.evil.example",
    "127.0.0.1, evil.example",
    "127.0.0.1:8081:1",
    "[::1",
    "[evil.example]",
    "evil@127.0.0.1",
    "sub.cache.example",
    "[127.0.0.1].evil.example",
  ])("may not be %p", (header) => {
    expect(() => checkHost(header, ["cache.example"])).toThrow(
      expect.objectContaining({ status: 421, message: expect.stringContaining("--admin-hosts") }),
    );
  });

  test("may be missing in HTTP/1.0, which no browser speaks", () => {
    expect(() => checkHost(undefined, [])).not.toThrow();
  });
});

describe("a password", () => {
  test.each(["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "::ffff:127.0.0.1"])(
    "is not needed on %s",
    (host) => {
      expect(() => requirePassword(host, false)).not.toThrow();
    },
  );

  test.each(["0.0.0.0", "::", "10.0.0.1", "example.com", "127.0.0.1.example.com", "128.0.0.1", ""])(
    "is needed on %p",
    (host) => {
      expect(() => requirePassword(host, false)).toThrow(PasswordMissingError);
      expect(() => requirePassword(host, false)).toThrow("needs a password");
      expect(() => requirePassword(host, true)).not.toThrow();
    },
  );
});
