import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePolicy, policyNames } from "../src/policy/registry.ts";

test("docs/POLICIES.md has every policy, with its parameters as they are if not told", () => {
  const page = readFileSync(join(import.meta.dir, "../docs/POLICIES.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \|.*\| (.*?)\s*\|$/gm)];
  const told = rows.map(([, name, parameters]) => [
    name,
    [...parameters!.matchAll(/`([a-z]+)=([0-9.]+)`/g)].map(([, key, value]) => [key, Number(value)]),
  ]);
  const known = policyNames().map((name) => [name, Object.entries(parsePolicy(name).type.parameters)]);
  expect(told).toEqual(known);
});
