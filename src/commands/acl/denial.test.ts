/**
 * Why a user may not run a request, where that is not as in Redis 7.0: commands that may show any key, scripts at the
 * origin, and the text protocol. The rest is held against Redis in `rules-differential.test.ts`.
 */
import { describe, expect, test } from "bun:test";
import { requestOf } from "../../../test/support/request.ts";
import { hashPassword } from "../../net/password-hash.ts";
import { factsOfRequest } from "../command-facts.ts";
import { type Denial, denialOf, describeDenial, textDenialOf } from "./denial.ts";
import { joinSelectors, User } from "./user.ts";

function userOf(rules: string): User {
  const user = new User("app", hashPassword);
  const joined = joinSelectors(rules.split(" "));
  if ("rules" in joined) user.apply(joined.rules);
  return user;
}

function denial(rules: string, request: string, scriptsMayAll = false): Denial | undefined {
  const parsed = requestOf(...request.split(" ").map((word) => (word === "''" ? "" : word)));
  return denialOf(userOf(rules), factsOfRequest(parsed)!, parsed, { scriptsMayAll });
}

/** What was refused, and the end of the error; `may` if nothing was. */
function told(rules: string, request: string): string {
  const denied = denial(rules, request);
  return denied === undefined ? "may" : `${denied.reason} ${denied.object}`;
}

describe("commands that may show any key", () => {
  test.each([
    ["~app:* +@all", "KEYS app:*", "may"],
    ["~app:* +@all", "KEYS app:1", "may"],
    ["~app:* +@all", "KEYS app*", "key *"],
    ["%W~app:* +@all", "KEYS app:*", "key *"],
    ["%R~* +@all", "KEYS x", "may"],
    ["~app:* +@all", "SCAN 0", "key *"],
    ["~app:* +@all", "SCAN 0 MATCH app:*", "may"],
    ["~app:* +@all", "SCAN 0 match other:*", "key *"],
    ["~app:* +@all", "SCAN 0 MATCH", "key *"],
    ["~app:* +@all", "SCAN 0 COUNT 9 MATCH app:1", "may"],
    // Not for its rights is this one refused.
    ["~app:* +@all", "SCAN 0 MATCH app:1 MATCH", "may"],
    ["~app:* +@all", "SCAN 0 MATCH app:* MATCH other", "key *"],
    ["~app:* +@all", "SCAN 0 MATCH other MATCH app:*", "may"],
    ["~app:* +@all", "SCAN MATCH app:* COUNT 1", "key *"],
    ["~app:* +@all", "CLUSTERSCAN 0 MATCH app:*", "may"],
    ["~app:* +@all", "CLUSTERSCAN 0", "key *"],
    ["~app:* +@all", "RANDOMKEY", "key *"],
    ["~app:* +@all", "FLUSHALL", "may"],
    ["~app:* +@all", "GLASS.WATCH", "key *"],
    ["~app:* +@all", "GLASS.WATCH app:*", "may"],
    ["~app:* +@all", "GLASS.WATCH app:* *", "key *"],
    ["~app:* +@all", "GLASS.WATCH * app:1", "may"],
  ])("with %s, %s: %s", (rules, request, expected) => {
    expect(told(rules, request)).toBe(expected);
  });

  test("the error names the command, and ACL DRYRUN says the same", () => {
    const refused = denial("~app:* +@all", "SCAN 0")!;
    expect(refused.message).toBe(
      "NOPERM this user has no permissions to see every key, which 'scan' may show",
    );
    expect(describeDenial(refused)).toBe(
      "This user has no permissions to see every key, which 'scan' may show",
    );
  });
});

describe("SORT that reads keys which its patterns name", () => {
  const error = (option: string) =>
    `ERR ${option} option of SORT denied due to insufficient ACL permissions.`;
  test.each([
    ["SORT l", undefined],
    ["SORT l LIMIT 0 1 ASC", undefined],
    ["SORT l BY w_*", error("BY")],
    ["SORT l by w_*", error("BY")],
    ["SORT l BY nosort", undefined],
    ["SORT l BY nosort GET x", error("GET")],
    ["SORT l GET #", error("GET")],
    ["SORT l BY get DESC", undefined],
    ["SORT l STORE get ALPHA", undefined],
    ["SORT l LIMIT get by w* ASC", undefined],
    ["SORT l LIMIT 0 1 BY w*", error("BY")],
    ["SORT l LIMIT 0 1 GET x", error("GET")],
    ["SORT l ASC GET x", error("GET")],
    ["SORT get LIMIT 0 1", undefined],
    ["SORT l GET", undefined],
    ["SORT_RO l BY w*", error("BY")],
  ])("%s", (request, message) => {
    const denied = denial("~l ~get +@all", request);
    expect(denied?.message).toBe(message!);
    if (denied !== undefined) expect([denied.reason, denied.object]).toEqual(["key", "*"]);
    expect(denial("%R~* %W~l ~get +@all", request)).toBeUndefined();
  });
});

describe("CLIENT TRACKING of keys that the client has not read", () => {
  test.each([
    ["CLIENT TRACKING ON", "may"],
    ["CLIENT TRACKING ON PREFIX other", "may"],
    ["CLIENT TRACKING ON BCAST", "key *"],
    ["CLIENT TRACKING ON bcast PREFIX app:", "may"],
    ["CLIENT TRACKING ON PREFIX app:1 BCAST", "may"],
    ["CLIENT TRACKING ON BCAST PREFIX app", "key *"],
    ["CLIENT TRACKING ON BCAST PREFIX app:1 PREFIX other", "key *"],
    ["CLIENT TRACKING ON BCAST PREFIX app:1 NOLOOP PREFIX app:2", "may"],
    ["CLIENT TRACKING ON BCAST PREFIX app:1 PREFIX", "may"],
    // A prefix is no glob.
    ["CLIENT TRACKING ON BCAST PREFIX app:*", "may"],
    ["CLIENT TRACKING ON BCAST PREFIX [a]pp:", "key *"],
    ["CLIENT TRACKING ON BCAST PREFIX prefix", "key *"],
    ["CLIENT NO-EVICT BCAST", "may"],
  ])("%s: %s", (request, expected) => {
    expect(told("~app:* +@all", request)).toBe(expected);
  });

  test("whoever reads every key may hear of all", () => {
    expect(told("%R~* %W~app:* +@all", "CLIENT TRACKING ON BCAST")).toBe("may");
    expect(told("%R~* %W~app:* +@all", "CLIENT TRACKING ON BCAST PREFIX x")).toBe("may");
  });
});

describe("the reason that is told", () => {
  test.each([
    ["+get ~a*", "GET b", "key b"],
    ["+get ~a*", "SET a 1", "command set"],
    ["+get ~a* (+set ~b*)", "SET a 1", "key a"],
    // What comes closer is told, whatever the order of the selectors.
    ["-@all ~* (+mget ~a) (+mget ~a ~b)", "MGET a b c", "key c"],
    ["-@all ~* (+mget ~a ~b) (+mget ~a)", "MGET a b c", "key c"],
    ["-@all (+publish ~*)", "PUBLISH news x", "channel news"],
    ["-@all (+subscribe &a) (+subscribe &a &b)", "SUBSCRIBE a b c", "channel c"],
    ["+migrate ~a*", "MIGRATE h 1 '' 0 1 KEYS a1 a2", "may"],
    ["+migrate ~a*", "MIGRATE h 1 '' 0 1 KEYS a1 b2", "key b2"],
    ["+select|1 ~a", "SELECT 1", "may"],
    ["+select|1 ~a", "SELECT 2", "command select"],
    ["+publish ~* resetchannels &a", "PUBLISH a b", "may"],
    ["+publish ~* resetchannels &a", "PUBLISH b a", "channel b"],
    ["+psubscribe ~* resetchannels &a*", "PSUBSCRIBE a*", "may"],
    ["+psubscribe ~* resetchannels &a*", "PSUBSCRIBE a1", "channel a1"],
    ["+unsubscribe ~* resetchannels &a*", "UNSUBSCRIBE b", "may"],
    ["-@all", "AUTH x", "may"],
  ])("with %s, %s: %s", (rules, request, expected) => {
    expect(told(rules, request)).toBe(expected);
  });
});

describe("scripts that run with the rights of somebody else", () => {
  test.each([
    ["~app:* &* +@all", "EVAL x 1 app:1", true],
    ["~app:* &* +@all", "FCALL f 0", true],
    ["~* &* +@all", "EVAL x 0", false],
    ["~app:* &* +@all", "SCRIPT EXISTS x", false],
    ["~app:* &* +@all", "GET app:1", false],
  ])("with %s, %s is refused: %p", (rules, request, isRefused) => {
    expect(denial(rules, request, true)?.reason).toBe(isRefused ? "command" : undefined!);
    expect(denial(rules, request, false)).toBeUndefined();
  });

  test("the error says why, and the entry names the command", () => {
    const refused = denial("~app:* &* +@all", "EVAL x 0", true)!;
    expect(refused.object).toBe("eval");
    expect(refused.message).toStartWith(
      "NOPERM scripts run at the origin with the rights of the proxy's own",
    );
  });
});

test.each([
  ["~a +get", "get", "a", undefined],
  ["~a +get", "get", "b", "key"],
  ["~a +set", "get", "a", "command"],
  ["~a +set", "put", "a", undefined],
  ["%W~a +set", "put", "a", undefined],
  ["%R~a +set", "put", "a", "key"],
  ["~a +get", "put", "a", "command"],
  ["~a +del", "delete", "a", undefined],
  ["~a +get +set", "delete", "a", "command"],
  ["%R~* +scan +get", "dump", undefined, undefined],
  ["%R~* +scan", "dump", undefined, "command"],
  ["%R~* +get", "dump", undefined, "command"],
  ["~a +scan +get", "dump", undefined, "key"],
] as const)("in the text protocol, with %s, %s of %s is refused for its %s", (rules, verb, key, reason) => {
  const request = requestOf(
    ...[verb, key, verb === "put" ? "value" : undefined].filter((word) => word !== undefined),
  );
  expect(textDenialOf(userOf(rules), verb, request, { scriptsMayAll: false })?.reason).toBe(reason!);
});
