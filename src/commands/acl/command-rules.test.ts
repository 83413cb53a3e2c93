import { expect, test } from "bun:test";
import { factsOf } from "../command-facts.ts";
import { CommandRules } from "./command-rules.ts";

function rulesOf(...texts: string[]): CommandRules {
  const rules = new CommandRules();
  for (const text of texts) rules.apply(text);
  return rules;
}

test.each([
  [["+get", "-GET"], "-@all -get"],
  [["+config|get", "-config|set", "+config"], "-@all +config"],
  [["+config", "-config|set", "-config|set"], "-@all +config -config|set"],
  [["+select|0", "+select|1", "-select"], "-@all -select"],
  [["+getset", "+get"], "-@all +getset +get"],
  [["+@read", "-@READ"], "-@all -@read"],
  [["+get", "+@all"], "+@all"],
  [["+@all", "-get", "-@all"], "-@all"],
])("of %j, %s is left", (texts, left) => {
  expect(rulesOf(...texts).text).toBe(left);
});

test.each([
  [["+select|0"], "select", "0", true],
  [["+select|A"], "select", "a", true],
  [["+select|0"], "select", "1", false],
  [["+select|0"], "select", undefined, false],
  [["+select|0", "-@connection"], "select", "0", false],
  [["+select|0", "+@connection"], "select", "1", true],
  [["+config"], "config|get", undefined, true],
  [["+config", "-config|get"], "config|get", undefined, false],
  [["+config", "-config|get"], "config|set", undefined, true],
  [["+@admin"], "config|get", undefined, true],
  [["+@admin", "-config"], "config|get", undefined, false],
  [["+get"], "set", undefined, false],
] as const)("with %j, %s of %s: %p", (texts, name, argument, isAllowed) => {
  const rules = rulesOf(...texts);
  expect(rules.allows(factsOf(name), () => argument)).toBe(isAllowed);
  // A verdict does not outlast the rules.
  rules.apply("+@all");
  expect(rules.allows(factsOf(name), () => argument)).toBe(true);
  rules.apply(`-${name}`);
  expect(rules.allows(factsOf(name), () => argument)).toBe(false);
});

test("whether every command is allowed, also those to come", () => {
  expect(rulesOf("+@all", "+get").isAll).toBe(true);
  for (const texts of [["+@all", "-get"], ["+get"], []]) expect(rulesOf(...texts).isAll).toBe(false);
});

test("names of modules' commands may be any, of the proxy's own those that there are", () => {
  expect(rulesOf("+JSON.GET", "-ft.search.x", "+glass.get").text).toBe(
    "-@all +json.get -ft.search.x +glass.get",
  );
  for (const wrong of ["+glass.nosuch", "+json.", "+.get", "+json get"]) {
    expect(() => rulesOf(wrong)).toThrow("Unknown command or category name in ACL");
  }
});

test.each([
  ["+config|get|x", "Allowing first-arg of a subcommand is not supported"],
  ["+config|get|x|y", "Unknown command or category name in ACL"],
  ["+config|nosuch", "Unknown command or category name in ACL"],
  ["-config|get|x", "Unknown command or category name in ACL"],
  ["-select|0", "Unknown command or category name in ACL"],
  ["+select|", "Syntax error"],
  ["+nosuch|0", "Unknown command or category name in ACL"],
  ["+@nosuch", "Unknown command or category name in ACL"],
])("%s is refused: %s", (rule, message) => {
  expect(() => rulesOf(rule)).toThrow(message);
});
