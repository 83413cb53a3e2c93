import { describe, expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { asksOrigin, isPause, isTracking, tellsOfClients } from "./request-kinds.ts";

describe("requests about clients", () => {
  // The request, and whether it pauses, is about tracking, or tells of clients.
  test.each([
    ["CLIENT PAUSE 100", true, false, true],
    ["client pause 100 write", true, false, true],
    ["CLIENT PAUSE", false, false, true],
    ["CLIENT UNPAUSE", true, false, true],
    ["CLIENT UNPAUSE now", false, false, true],
    ["CLIENT LIST pause", false, false, true],
    ["CLIENT TRACKING on", false, true, true],
    ["CLIENT Caching yes", false, true, true],
    ["CLIENT TRACKINGINFO", false, true, true],
    ["CLIENT REPLY on", false, false, false],
    ["CLIENT SETNAME reply", false, false, true],
    ["CLIENT", false, false, true],
    ["CONFIG PAUSE 100", false, false, false],
  ])("%s", (text, pauses, tracks, tells) => {
    const request = requestOf(...text.split(" "));
    const name = request.text(0).toLowerCase();
    expect([isPause(name, request), isTracking(request), tellsOfClients(name, request)]).toEqual([
      pauses,
      tracks,
      tells,
    ]);
  });
});

test("INFO and CONFIG ask the origin for a part of their reply", () => {
  expect(["info", "config", "client", "command"].filter(asksOrigin)).toEqual(["info", "config"]);
});
