import { countText } from "../parts/text.ts";

/** A queue by its name, within a sentence: the policy's own term. */
export function queueText(name: string | undefined): string {
  if (name === undefined) return "the cache";
  if (/^(queue|table|ranking|handover)$/.test(name)) return `the ${name}`;
  return name.endsWith("ghosts") ? `the ${name.replace("-", " ")}` : `the ${name} queue`;
}

/** Returns `never read`, `read once`, `read 17 times`. */
export function timesText(reads: number): string {
  if (reads === 0) return "never read";
  return reads === 1 ? "read once" : reads === 2 ? "read twice" : `read ${countText(reads)} times`;
}
