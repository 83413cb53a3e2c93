import type { Random } from "../lib/random.ts";

/** The keys of the demo's load: some kinds of data as a shop has them. */

export interface KeyFamily {
  readonly name: string;
  /** Keys are numbered from 1. */
  readonly count: number;
  /** Of all reads. */
  readonly share: number;
  /** Exponent of the Zipf distribution; 0: all keys are equally popular. */
  readonly alpha: number;
  readonly leastBytes: number;
  readonly mostBytes: number;
  /** Time to live. Such a key is written when a read does not find it; the others are written before the load. */
  readonly ttlMs?: number;
  /** How many of the reads are followed by a write of the same key. */
  readonly writes?: number;
  key(number: number): string;
}

const PRODUCTS: KeyFamily = {
  name: "products",
  count: 12_000,
  share: 0.6,
  alpha: 1,
  leastBytes: 100,
  mostBytes: 900,
  key: (number) => `product:${number}`,
};

const CARTS: KeyFamily = {
  name: "carts",
  count: 3000,
  share: 0.18,
  alpha: 0.9,
  leastBytes: 200,
  mostBytes: 2500,
  writes: 0.02,
  key: (number) => `user:${number}:cart`,
};

/** Their time to live is shorter than a visit, which the page notices. */
const SESSIONS: KeyFamily = {
  name: "sessions",
  count: 1000,
  share: 0.11,
  alpha: 0.7,
  leastBytes: 120,
  mostBytes: 180,
  ttlMs: 10_000,
  key: (number) => `session:${number}`,
};

const PRICES: KeyFamily = {
  name: "prices",
  count: 1500,
  share: 0.107,
  alpha: 1,
  leastBytes: 12,
  mostBytes: 40,
  key: (number) => `price:${number}:eur`,
};

/** Large and read rarely: they push out others. */
const IMAGES: KeyFamily = {
  name: "images",
  count: 300,
  share: 0.003,
  alpha: 0,
  leastBytes: 16_000,
  mostBytes: 30_000,
  key: (number) => `image:${number}`,
};

export const FAMILIES: readonly KeyFamily[] = [PRODUCTS, CARTS, SESSIONS, PRICES, IMAGES];
/** A scan reads all of them in turn. */
export const SCANNED = PRODUCTS;
/** Written past the proxy in one of the phases. */
export const WRITTEN_PAST = PRICES;
/** All clients ask for it at once. */
export const HERD_KEY = "page:home";
export const HERD_BYTES = 5000;

/** Keys that are written before the load. */
export const FILLED_KEYS = FAMILIES.reduce(
  (sum, { count, ttlMs }) => (ttlMs === undefined ? sum + count : sum),
  0,
);

/** Returns a value of a key: its name, again and again, so that it can be recognized. */
export function valueFor(family: KeyFamily, number: number): string {
  const { leastBytes, mostBytes } = family;
  // A multiplicative hash: sizes have nothing to do with popularity.
  const spread = (Math.imul(number, 2_654_435_761) >>> 0) / 2 ** 32;
  return textOf(family.key(number), Math.round(leastBytes + spread * (mostBytes - leastBytes)));
}

export function textOf(key: string, bytes: number): string {
  return `${key} `.repeat(Math.ceil(bytes / (key.length + 1))).slice(0, bytes);
}

/** Whether the load itself changes this key past the proxy, or lets it expire. */
export function isChangedUnseen(key: string): boolean {
  return /^(?:session:\d+|price:\d+:eur)$/.test(key);
}

/** Whether the load reads this key. */
export function isReadByLoad(key: string): boolean {
  return key === HERD_KEY || /^(?:product:\d+|user:\d+:cart|session:\d+|price:\d+:eur|image:\d+)$/.test(key);
}

/** Returns one of the families, by their shares. */
export function pickFamily(random: Random): KeyFamily {
  let rest = random.next();
  for (const family of FAMILIES) {
    rest -= family.share;
    if (rest < 0) return family;
  }
  return FAMILIES[0]!;
}
