import { expect, test } from "bun:test";
import { latin1 } from "../lib/bytes.ts";
import { RefusedClients, TOO_MANY_CLIENTS } from "./refused-clients.ts";
import { SimulatedWire } from "./simulated-wire-fixture.ts";

/** The wire of a client that does not close its side. */
class LingeringWire extends SimulatedWire {
  hasEnded = false;
  isCut = false;

  override end(): void {
    this.hasEnded = true;
  }

  override terminate(): void {
    this.isCut = true;
  }
}

function refuse(refused: RefusedClients, nowMs: number): LingeringWire {
  const wire = new LingeringWire(Number.POSITIVE_INFINITY);
  refused.refuse(wire, TOO_MANY_CLIENTS, nowMs);
  return wire;
}

test("a refused client is told why, and closed", () => {
  const wire = refuse(new RefusedClients(), 0);
  expect(latin1(wire.sent.view())).toBe("-ERR max number of clients reached\r\n");
  expect([wire.hasEnded, wire.isCut]).toEqual([true, false]);
});

test("of many that stay, the oldest are cut off at once", () => {
  const refused = new RefusedClients();
  const wires = Array.from({ length: 6 }, () => refuse(refused, 0));
  expect(wires.map(({ isCut }) => isCut)).toEqual([true, true, false, false, false, false]);
});

test("those that stay are cut off after a second", () => {
  const refused = new RefusedClients();
  const [first, second] = [refuse(refused, 0), refuse(refused, 500)];
  refused.checkTimeouts(999);
  expect([first.isCut, second.isCut]).toEqual([false, false]);
  refused.checkTimeouts(1000);
  expect([first.isCut, second.isCut]).toEqual([true, false]);
  refused.checkTimeouts(1500);
  expect(second.isCut).toBe(true);
});
