import { expect, test } from "bun:test";
import { addToField, readSections, setField, writeSections } from "./origin-info.ts";

const INFO = "# Server\r\nredis_version:7.0\r\nport:1\r\n\r\n# Stats\r\nclients:5\r\nall_clients:7\r\n";

test("sections are read as the origin wrote them, and written so", () => {
  const sections = readSections(`stray:1\r\n${INFO}`);
  expect(sections).toEqual([
    { name: "Server", text: "redis_version:7.0\r\nport:1\r\n" },
    { name: "Stats", text: "clients:5\r\nall_clients:7\r\n" },
  ]);
  expect(writeSections(sections)).toBe(INFO);
  expect(readSections("")).toEqual([]);
});

test("a field is replaced where it is, and no field of a similar name", () => {
  const sections = readSections(INFO);
  setField(sections, "clients", "x");
  setField(sections, "absent", "x");
  expect(writeSections(sections)).toBe(INFO.replace("\nclients:5", "\nclients:x"));
});

test("a number is added to if it is there, and is one", () => {
  const sections = readSections(INFO);
  addToField(sections, "clients", 2);
  addToField(sections, "all_clients", 0);
  addToField(sections, "redis_version", 2);
  expect(writeSections(sections)).toBe(INFO.replace("\nclients:5", "\nclients:7"));
});
