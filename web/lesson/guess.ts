/** Writes a guess as the part of the address behind `#`; without one it is empty. */
export function guessHash(guess: readonly number[] | undefined): string {
  return guess === undefined ? "#" : `#guess=${guess.join(",")}`;
}

/** Reads a guess of so many numbers, none of them above `most`. Anything else is no guess. */
export function readGuess(hash: string, count: number, most: number): readonly number[] | undefined {
  const [, numbers = ""] = /^#guess=([\d,]+)$/.exec(hash) ?? [];
  const guess = numbers === "" ? [] : numbers.split(",").map(Number);
  return guess.length === count && guess.every((number) => number <= most) ? guess : undefined;
}
