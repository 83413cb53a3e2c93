import { expect, test } from "bun:test";
import { CLAIMED, FlightClaims, UNCLAIMED } from "./flight-claims.ts";

test("names the thread that asks for a key, until the flight has ended or the thread has died", () => {
  const buffer = FlightClaims.createBuffer();
  const [zero, one] = [new FlightClaims(buffer, 0), new FlightClaims(buffer, 255)];
  const hash = 0x8765_4321;
  expect(zero.claim(hash)).toBe(CLAIMED);
  expect(one.claim(hash)).toBe(0);
  // Its own claim: there is no other thread to wait for.
  expect(zero.claim(hash)).toBe(UNCLAIMED);
  // Another key with the same word.
  expect(one.claim(hash ^ 0x4000_0000)).toBe(UNCLAIMED);
  one.release(hash);
  expect(one.claim(hash)).toBe(0);
  zero.release(hash);
  expect(one.claim(hash)).toBe(CLAIMED);
  expect(zero.claim(hash)).toBe(255);
  FlightClaims.forget(buffer, 0);
  expect(zero.claim(hash)).toBe(255);
  FlightClaims.forget(buffer, 255);
  expect(zero.claim(hash)).toBe(CLAIMED);
});
