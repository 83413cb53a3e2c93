import type { OriginSection } from "../origin-info.ts";

/** Such as `db0:keys=3,expires=1,avg_ttl=5000`; newer servers add more numbers. */
const LINE = /^(db[0-9]+):(.*)$/;

/**
 * Adds up the section Keyspace of several nodes: a database has the keys of all of them. Mean times to live are weighed
 * by the keys that have one.
 */
export function joinKeyspaces(sections: readonly OriginSection[]): string {
  const databases = new Map<string, Map<string, number>>();
  for (const { text } of sections) {
    for (const line of text.split("\r\n")) {
      const [, name, numbers] = LINE.exec(line) ?? [];
      if (name === undefined) continue;
      const sums = databases.get(name) ?? new Map<string, number>();
      databases.set(name, sums);
      addNumbers(sums, new Map(numbers!.split(",").map(readNumber)));
    }
  }
  return [...databases]
    .map(([name, sums]) => `${name}:${[...sums].map(([key, value]) => `${key}=${value}`).join(",")}\r\n`)
    .join("");
}

function addNumbers(sums: Map<string, number>, numbers: ReadonlyMap<string, number>): void {
  const earlier = sums.get("expires") ?? 0;
  const further = numbers.get("expires") ?? 0;
  for (const [key, value] of numbers) {
    const sum = sums.get(key) ?? 0;
    const isMean = key === "avg_ttl";
    const weight = Math.max(1, earlier + further);
    sums.set(key, isMean ? Math.round((sum * earlier + value * further) / weight) : sum + value);
  }
}

function readNumber(text: string): [key: string, value: number] {
  const [key = "", value = "0"] = text.split("=");
  return [key, Number(value)];
}
