import { describe, expect, test } from "bun:test";
import { requestOf } from "../../../test/support/request.ts";
import type { ProxyParts } from "../context.ts";
import { refuseInCluster } from "./refusals.ts";

/** @param owners those of an origin with hash slots; undefined: of one without */
function refused(
  words: readonly string[],
  { isQueued = false, allowAdmin = false, owners = new Uint16Array(16_384) as Uint16Array | undefined } = {},
): string | undefined {
  const proxy = { origin: { owners }, settings: { allowAdmin } } as unknown as ProxyParts;
  return refuseInCluster(proxy, words[0]!.toLowerCase(), requestOf(...words), isQueued);
}

const NO_CLUSTER = "ERR This instance has cluster support disabled";

describe("over a cluster", () => {
  test.each(["READONLY", "READWRITE", "ASKING", "CLUSTER"])("%s is refused as without one", (name) => {
    expect(refused([name])).toBe(NO_CLUSTER);
    expect(refused([name], { owners: new Uint16Array(1) })).toBeUndefined();
  });

  test("CLUSTER passes where no node matters, and for an administrator", () => {
    expect(refused(["CLUSTER", "NODES"])).toBe(NO_CLUSTER);
    expect(refused(["CLUSTER", "Help"])).toBeUndefined();
    expect(refused(["CLUSTER", "KEYSLOT", "a"])).toBeUndefined();
    expect(refused(["CLUSTER", "NODES"], { allowAdmin: true })).toBeUndefined();
    expect(refused(["READONLY"], { allowAdmin: true })).toBe(NO_CLUSTER);
  });

  test("tracking cannot be begun", () => {
    expect(refused(["CLIENT", "Tracking", "On"])).toStartWith("ERR CLIENT TRACKING needs a single server");
    expect(refused(["CLIENT", "TRACKING", "OFF"])).toBeUndefined();
    expect(refused(["CLIENT", "TRACKING"])).toBeUndefined();
    expect(refused(["CLIENT", "CACHING", "on"])).toBeUndefined();
    expect(refused(["CONFIG", "TRACKING", "on"])).toBeUndefined();
  });

  test.each([
    ["SSUBSCRIBE", "a", "ERR SSUBSCRIBE is not executed in a transaction"],
    ["SUNSUBSCRIBE", "a", "ERR SUNSUBSCRIBE is not executed in a transaction"],
    ["KEYS", "*", "ERR KEYS is executed at every node of the cluster"],
    ["SCAN", "0", "ERR SCAN is executed at every node of the cluster"],
  ])("%s cannot be queued", (name, argument, message) => {
    expect(refused([name, argument], { isQueued: true })).toStartWith(message);
    expect(refused([name, argument])).toBeUndefined();
  });

  test("other requests are queued", () => {
    expect(refused(["GET", "a"], { isQueued: true })).toBeUndefined();
  });
});
