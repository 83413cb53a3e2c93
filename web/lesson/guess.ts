import { addressPart, withParts } from "./address.ts";

/** Writes a guess into the part of the address behind `#`, or takes it away. */
export function guessHash(hash: string, guess: readonly number[] | undefined): string {
  return withParts(hash, { guess: guess?.join(",") ?? "" });
}

/** Reads a guess of so many numbers, none of them above `most`. Anything else is no guess. */
export function readGuess(hash: string, count: number, most: number): readonly number[] | undefined {
  const numbers = addressPart(hash, "guess") ?? "";
  if (!/^\d+(,\d+)*$/.test(numbers)) return undefined;
  const guess = numbers.split(",").map(Number);
  return guess.length === count && guess.every((number) => number <= most) ? guess : undefined;
}
