import { describe, expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { hashPassword } from "../../net/password-hash.ts";
import { isAmong, isPasswordHash } from "./password.ts";
import { joinSelectors, User } from "./user.ts";

function userOf(rules: string): User {
  const user = new User("app", hashPassword);
  const joined = joinSelectors(rules.split(" "));
  if ("unmatched" in joined) throw new Error(`unmatched: ${joined.unmatched}`);
  user.apply(joined.rules);
  return user;
}

describe("a user authenticates", () => {
  test.each([
    ["on >one >two", "one", true],
    ["on >one >two", "two", true],
    ["on >one >two", "on", false],
    ["on >one >two", "", false],
    [">one", "one", false],
    ["on", "", false],
    ["on nopass", "anything", true],
    ["nopass", "anything", false],
    // A password takes `nopass` back, and the other way round.
    ["on nopass >one", "anything", false],
    ["on >one nopass", "anything", true],
    ["on >one nopass resetpass", "one", false],
    ["on >one <one >two", "one", false],
    ["on >one off", "one", false],
  ])("with %s, by %j: %p", (rules, password, isRight) => {
    expect(userOf(rules).accepts(utf8(password))).toBe(isRight);
  });

  test("by a password that was given as its hash", () => {
    const hash = hashPassword(utf8("one"));
    expect(userOf(`on #${hash}`).accepts(utf8("one"))).toBe(true);
    expect(userOf(`on >one !${hash}`).accepts(utf8("one"))).toBe(false);
    expect(userOf(`on >one #${hash}`).passwords).toEqual([hash]);
  });
});

test("a password hash has 64 digits in lower case, all of which count", () => {
  const hash = hashPassword(utf8("one"));
  expect(isPasswordHash(hash)).toBe(true);
  for (const wrong of [hash.slice(1), `${hash}0`, hash.toUpperCase(), `g${hash.slice(1)}`]) {
    expect(isPasswordHash(wrong)).toBe(false);
  }
  for (const at of [0, 31, 63]) {
    const other = hash.slice(0, at) + (hash[at] === "0" ? "1" : "0") + hash.slice(at + 1);
    expect(isAmong(hash, [other])).toBe(false);
    expect(isAmong(hash, [other, hash, other])).toBe(true);
  }
  expect(isAmong(hash, [hash.slice(1), `${hash}0`, ""])).toBe(false);
  expect(isAmong(hash, [])).toBe(false);
});

test.each([
  ["~* &* +@all", true],
  ["~* &* +@all -get", false],
  ["~* &* +@all -get +get", true],
  ["~* +@all", false],
  ["%R~* &* +@all", false],
  ["~a (~* &* +@all)", true],
  ["~a (~* &* +@all) clearselectors", false],
  ["~* &* +@all (+get ~a)", true],
])("with %s, whether it may do everything: %p", (rules, isUnrestricted) => {
  expect(userOf(rules).isUnrestricted).toBe(isUnrestricted);
});

test("a copy does not change with the original, and becomes another but for the name", () => {
  const user = userOf("on >one ~a* &news +get (~b +set)");
  const copy = user.copy();
  expect([copy.name, copy.text]).toEqual(["app", user.text]);
  user.apply(["off", "resetpass", "~c*", "&more", "-get", "clearselectors", "skip-sanitize-payload"]);
  const hash = hashPassword(utf8("one"));
  expect(copy.text).toBe(
    `on sanitize-payload #${hash} ~a* resetchannels &news -@all +get (~b resetchannels -@all +set)`,
  );
  const other = new User("other", hashPassword);
  other.become(userOf("on nopass ~* &* +@all skip-sanitize-payload"));
  expect([other.name, other.text, other.isUnrestricted]).toEqual([
    ...["other", "on nopass skip-sanitize-payload ~* &* +@all", true],
  ]);
});

test.each([
  [
    ["on", "(+get", "~a)", ">x"],
    ["on", "(+get ~a)", ">x"],
  ],
  [
    ["(+get", "~a", "~b)", "(+set)"],
    ["(+get ~a ~b)", "(+set)"],
  ],
  [
    ["(+get)", "off"],
    ["(+get)", "off"],
  ],
  [["on)"], ["on)"]],
  [["((+get", ")"], ["((+get )"]],
] as const)("%j are the rules %j", (parts, rules) => {
  expect(joinSelectors([...parts])).toEqual({ rules: [...rules] });
});

test("a selector without an end is told by its beginning", () => {
  expect(joinSelectors(["on", "(+get", "~a", "(+set"])).toEqual({ unmatched: "(+get" });
});
