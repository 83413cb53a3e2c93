/** A generator and its parameters, as in `zipf(n=1000,alpha=1)`. Sizes such as `10k` and `2m` are whole numbers. */
export interface WorkloadSpecification {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, number>;
}

const UNITS: Record<string, number> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/** @returns undefined if the text does not have the form of a generator, such as a file name */
export function parseSpecification(text: string): WorkloadSpecification | undefined {
  const match = /^\s*([a-z][a-z0-9-]*)\s*\(([^()]*)\)\s*$/.exec(text);
  if (match === null) return undefined;
  const parameters = new Map<string, number>();
  for (const part of match[2]!.split(",")) {
    if (part.trim() === "") continue;
    const pair = /^\s*([a-z][a-z-]*)\s*=\s*([0-9.]+(?:e[0-9]+)?)([kmg]?)\s*$/.exec(part);
    const value = pair === null ? Number.NaN : Number(pair[2]) * UNITS[pair[3]!]!;
    if (pair === null || !Number.isFinite(value)) {
      throw new RangeError(`"${part.trim()}" in ${text} is not of the form name=number`);
    }
    if (parameters.has(pair[1]!)) throw new RangeError(`${pair[1]} is given twice in ${text}`);
    parameters.set(pair[1]!, value);
  }
  return { name: match[1]!, parameters };
}
