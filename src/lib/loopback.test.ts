import { expect, test } from "bun:test";
import { isLoopbackAddress, isLoopbackHost } from "./loopback.ts";

test.each([
  ["127.0.0.1", true],
  ["127.255.0.9", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["::FFFF:7f00:1", true],
  ["128.0.0.1", false],
  ["10.127.0.0", false],
  ["::", false],
  ["::2", false],
  ["::ffff:10.0.0.1", false],
  ["::ffff:8000:1", false],
  ["", false],
])("the address %j: %p", (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected);
  expect(isLoopbackHost(address)).toBe(expected);
});

test.each([
  ["localhost", true],
  ["LocalHost", true],
  ["[::1]", true],
  ["0.0.0.0", false],
  // Names may be made to mean any address.
  ["127.evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["localhost.evil.example", false],
  ["127.0.0.999", false],
])("the host %j: %p", (host, expected) => expect(isLoopbackHost(host)).toBe(expected));
