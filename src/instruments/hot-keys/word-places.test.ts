import { expect, test } from "bun:test";
import { ID, NOW_ID, WORD, WORD_PLACES_DEFAULTS, WordPlaces } from "./word-places.ts";

const [PLACE, OTHER] = [11, 12];

test("a place has ids from about a hundred words on, but for those that are kept", () => {
  const places = new WordPlaces(WORD_PLACES_DEFAULTS);
  let words = 0;
  while (places.see(PLACE, words, 0) === WORD) words++;
  expect(Math.abs(words - 100)).toBeLessThan(20);
  expect([places.see(PLACE, 0, 0), places.see(PLACE, 10_000, 0)]).toEqual([ID, ID]);
  places.keep(PLACE, [3, 5]);
  expect([3, 4, 5].map((word) => places.see(PLACE, word, 0))).toEqual([WORD, ID, WORD]);
  expect(places.see(OTHER, 4, 0)).toBe(WORD);
});

test("the same words again are no new ones, and each place turns only once", () => {
  const places = new WordPlaces(WORD_PLACES_DEFAULTS);
  for (let i = 0; i < 10_000; i++) expect(places.see(PLACE, i % 60, 0)).toBe(WORD);
  let turns = 0;
  for (let i = 0; i < 10_000; i++) if (places.see(PLACE, i, 0) === NOW_ID) turns++;
  expect(turns).toBe(1);
});

test("when unused places are forgotten, the others keep their words and what is kept", () => {
  const places = new WordPlaces({ places: 3, wordsAtPlace: 100, forgetAfterMs: 1000 });
  places.see(1, 1, 0);
  for (let word = 0; word < 60; word++) places.see(PLACE, word, 900);
  for (let word = 0; word < 200; word++) places.see(OTHER, word, 900);
  places.keep(OTHER, [7]);
  expect(places.see(2, 1, 1100)).toBe(WORD);
  expect(places.count).toBe(3);
  for (let word = 0; word < 60; word++) expect(places.see(PLACE, word, 1100)).toBe(WORD);
  expect([places.see(OTHER, 7, 1100), places.see(OTHER, 8, 1100)]).toEqual([WORD, ID]);
});
