/** Large values whose bytes tell whether they are whole. */
import { expect } from "bun:test";

/** Bytes that tell their version and their length, and that differ everywhere between versions. */
export function bytesOf(length: number, version: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const pattern = new Uint8Array(65_521);
  for (let i = 0; i < pattern.length; i++) pattern[i] = (i * 7 + (i >> 8) + version * 31) & 0xff;
  for (let at = 0; at < length; at += pattern.length) {
    bytes.set(pattern.subarray(0, Math.min(pattern.length, length - at)), at);
  }
  new DataView(bytes.buffer).setUint32(0, version);
  new DataView(bytes.buffer).setUint32(4, length);
  return bytes;
}

/** @returns the version of a value that is what `bytesOf` made */
export function expectWhole(value: Uint8Array): number {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  expect(view.getUint32(4)).toBe(value.length);
  expectSame(value, bytesOf(value.length, view.getUint32(0)));
  return view.getUint32(0);
}

/** Compares without printing megabytes. */
export function expectSame(actual: unknown, expected: Uint8Array): void {
  expect((actual as Uint8Array).length).toBe(expected.length);
  expect(Buffer.compare(actual as Uint8Array, expected)).toBe(0);
}
