import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { FakeService } from "./client-fixture.ts";
import { infoCommand, infoText } from "./info.ts";

const SECTIONS = [
  { name: "Server", fields: () => ({ version: "1", port: 2 }) },
  { name: "Stats", fields: () => ({ hits: 3 }) },
  { name: "Details", onRequest: true, fields: () => ({}) },
];

const SERVER = "# Server\r\nversion:1\r\nport:2\r\n";
const STATS = "# Stats\r\nhits:3\r\n";
const DETAILS = "# Details\r\n";

test.each([
  [[], `${SERVER}\r\n${STATS}`],
  [["default"], `${SERVER}\r\n${STATS}`],
  [["ALL"], `${SERVER}\r\n${STATS}\r\n${DETAILS}`],
  [["Everything"], `${SERVER}\r\n${STATS}\r\n${DETAILS}`],
  [["stats"], STATS],
  [["details", "SERVER"], `${SERVER}\r\n${DETAILS}`],
  [["default", "details"], `${SERVER}\r\n${STATS}\r\n${DETAILS}`],
  [["none"], ""],
  [["none", "stats"], STATS],
])("INFO with %p", (wanted, text) => {
  expect(infoText(SECTIONS, wanted)).toBe(text);
  const service = new FakeService();
  const reply = service.run(infoCommand(SECTIONS), service.client(), requestOf("INFO", ...wanted));
  expect(reply).toBe(`$${text.length}\r\n${text}\r\n`);
});
