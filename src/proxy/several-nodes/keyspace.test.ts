import { expect, test } from "bun:test";
import { joinKeyspaces } from "./keyspace.ts";

const section = (text: string) => ({ name: "Keyspace", text });

test("keys are added up, and mean times to live weighed by the keys that have one", () => {
  expect(
    joinKeyspaces([
      section("db0:keys=10,expires=3,avg_ttl=1000\r\n"),
      section(""),
      section("db0:keys=5,expires=1,avg_ttl=5000\r\n"),
    ]),
  ).toBe("db0:keys=15,expires=4,avg_ttl=2000\r\n");
});

test("numbers of newer servers are added up, too", () => {
  expect(
    joinKeyspaces([
      section("db0:keys=1,expires=0,avg_ttl=0,subexpiry=2\r\n"),
      section("db0:keys=1,expires=0,avg_ttl=0,subexpiry=3\r\n"),
    ]),
  ).toBe("db0:keys=2,expires=0,avg_ttl=0,subexpiry=5\r\n");
});

test("an empty keyspace stays empty", () => {
  expect(joinKeyspaces([section(""), section("")])).toBe("");
});
