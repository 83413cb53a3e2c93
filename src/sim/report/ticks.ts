import { formatSize } from "../../lib/quantity.ts";
import type { SizeUnit } from "../../replay/simulated-cache.ts";

/** From 0 to the first round number not below `most`, in four to six steps of 1, 2 or 5 times a power of ten. */
export function ratioTicks(most: number): number[] {
  const step = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001].find((one) => most / one >= 3.2) ?? 0.001;
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** `15%`, with the digits that this step needs. */
export function formatTick(ratio: number, step: number): string {
  return `${(100 * ratio).toFixed(step >= 0.01 ? 0 : 1)}%`;
}

/**
 * Sizes to mark on a logarithmic axis: as many of 1, 2, 5 times a power of ten (for bytes: powers of two) as there is
 * room for.
 */
export function sizeTicks(least: number, most: number, unit: SizeUnit, room: number): number[] {
  const series = unit === "entries" ? DECIMAL : BINARY;
  for (const { mantissas, base } of series) {
    const ticks: number[] = [];
    for (let power = 1; power <= most; power *= base) {
      for (const mantissa of mantissas) ticks.push(mantissa * power);
    }
    const within = ticks.filter((tick) => tick >= least && tick <= most);
    if (within.length <= room) return within;
  }
  return [];
}

/** Finest first. */
const DECIMAL = [
  { mantissas: [1, 2, 5], base: 10 },
  { mantissas: [1, 3], base: 10 },
  { mantissas: [1], base: 10 },
  { mantissas: [1], base: 100 },
  { mantissas: [1], base: 1000 },
  { mantissas: [1], base: 1e6 },
];
const BINARY = [
  { mantissas: [1], base: 2 },
  { mantissas: [1], base: 4 },
  { mantissas: [1, 32], base: 1024 },
  { mantissas: [1], base: 1024 },
  { mantissas: [1], base: 2 ** 20 },
];

/** `20k` or `64 MB`, for the axis. */
export function formatSizeTick(size: number, unit: SizeUnit): string {
  return unit === "bytes" ? formatSize(size) : formatCountTick(size);
}

/** Round numbers to mark on a linear axis: as many as there is room for. */
export function countTicks(least: number, most: number, room: number): number[] {
  const steps = powers(most).flatMap((power) => [power, 2 * power, 5 * power]);
  const step = steps.find((one) => Math.floor(most / one) - Math.ceil(least / one) + 1 <= room);
  if (step === undefined) return [];
  const first = Math.ceil(least / step);
  return Array.from({ length: Math.floor(most / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** Powers of ten from 1 to beyond `most`. */
function powers(most: number): number[] {
  const digits = Math.ceil(Math.log10(Math.max(1, most)));
  return Array.from({ length: digits + 1 }, (_, i) => 10 ** i);
}

/** `20k` or `1.5M`, for the axis. */
export function formatCountTick(count: number): string {
  if (count >= 1e9) return `${count / 1e9}G`;
  if (count >= 1e6) return `${count / 1e6}M`;
  if (count >= 1e3) return `${count / 1e3}k`;
  return String(count);
}
