import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { utf8 } from "../lib/bytes.ts";
import { arityFits, NameTable } from "./command-table.ts";

const names = Array.from({ length: 200 }, (_, at) => `name-${at}`);
const table = new NameTable([...names, "a", "zz", "`", "{"].map((name) => ({ name })));

test("a row is found by its name in any case, and by nothing else", () => {
  for (const name of names) {
    expect(table.find(requestOf(name))?.name).toBe(name);
    expect(table.find(requestOf("x", name.toUpperCase()), 1)?.name).toBe(name);
  }
  for (const other of ["", "name", "name-", "name-200", "name-1 ", "b", "\x01", "nAmE-1\0", "name\x0d1"]) {
    expect(table.find(requestOf(other))).toBeUndefined();
  }
  expect(table.find(requestOf("ZZ"))?.name).toBe("zz");
  // Letters alone have a case.
  for (const other of ["@", "["]) expect(table.find(requestOf(other))).toBeUndefined();
  const bytes = utf8("<NAME-7>");
  expect(table.named(bytes, 1, 7)?.name).toBe("name-7");
  expect(table.named(bytes, 1, 8)).toBeUndefined();
});

test("a name that begins or ends like another is not found, wherever its hash leads", () => {
  for (let at = 0; at < 5_000; at++) expect(table.find(requestOf(`a${at}`))).toBeUndefined();
  for (const first of "bcdefghijklm") {
    for (const name of names) expect(table.find(requestOf(first + name.slice(1)))).toBeUndefined();
  }
});

test("two rows of one name are refused", () => {
  expect(() => new NameTable([{ name: "a" }, { name: "b" }, { name: "a" }])).toThrow("two commands named a");
});

test("as many arguments fit as the arity says, or at least as many if it is negative", () => {
  const fitting = (arity: number) => [1, 2, 3, 4].filter((count) => arityFits({ arity }, count));
  expect([fitting(2), fitting(-2), fitting(-1)]).toEqual([[2], [2, 3, 4], [1, 2, 3, 4]]);
});
