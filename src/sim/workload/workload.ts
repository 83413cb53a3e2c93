import { mix32, unmix32 } from "../../lib/hash.ts";
import { unknownName } from "../../lib/nearest.ts";
import { SeededRandom } from "../../lib/random.ts";
import { RecordBatch, type RecordSource } from "../../replay/records.ts";
import { GENERATORS } from "./generator.ts";
import type { WorkloadSpecification } from "./specification.ts";

/** Parameters that every generator has in addition to its own. */
const COMMON = { requests: 1_000_000, size: 1, seed: 1 };
/** Parameters that may be fractions, and parameters that may be 0. */
const FRACTIONS = new Set(["alpha", "share"]);
const MAY_BE_ZERO = new Set(["alpha", "share", "seed"]);

/**
 * Opens a generated workload as a source of records. The same parameters give the same records, however often it is
 * read. With size 1 all objects have that size; with a larger one, objects have sizes from 1 to twice that many
 * bytes.
 * @throws RangeError for an unknown generator or parameter, or a value out of range
 */
export function openWorkload({ name, parameters }: WorkloadSpecification): RecordSource {
  const type = GENERATORS.find((known) => known.name === name);
  if (type === undefined) {
    const names = GENERATORS.map((known) => known.name);
    throw new RangeError(unknownName("workload", name, names));
  }
  const values: Record<string, number> = { ...type.parameters, ...COMMON };
  for (const [key, value] of parameters) {
    if (values[key] === undefined) {
      throw new RangeError(`${name} has no parameter "${key}"; it has ${Object.keys(values).join(", ")}`);
    }
    checkParameter(name, key, value);
    values[key] = value;
  }
  const { requests, size, seed } = values as { requests: number; size: number; seed: number };
  // Keeps the hot set small when there are few objects.
  if (values["hot"] !== undefined && !parameters.has("hot")) {
    values["hot"] = Math.max(1, Math.round(values["n"]! / 100));
  }
  if (values["hot"] !== undefined && values["hot"] > values["n"]!) {
    throw new RangeError(`${name}: hot may not be larger than n`);
  }
  return {
    name: `${name}(${Object.entries(values)
      .map(([key, value]) => `${key}=${value}`)
      .join(",")})`,
    hasSizes: size > 1,
    isRepeatable: true,
    extent: requests,
    async read(consume, progress) {
      const generator = type.create(values, new SeededRandom(seed));
      const batch = new RecordBatch();
      for (let done = 0; done < requests; ) {
        batch.count = Math.min(batch.capacity, requests - done);
        for (let i = 0; i < batch.count; i++) {
          const object = generator.next();
          const low = mix32(object % 2 ** 32);
          // Two bijections, one for each half, so that distinct objects have distinct keys.
          batch.keyLow[i] = low;
          batch.keyHigh[i] = Math.floor(object / 2 ** 32);
          batch.size[i] = size === 1 ? 1 : sizeOf(low, size);
          batch.timeMs[i] = done + i;
          batch.operation[i] = generator.operation;
          batch.ttlMs[i] = 0;
          batch.family[i] = 0;
        }
        done += batch.count;
        progress?.(done);
        if ((await consume(batch)) === false) return;
      }
    },
  };
}

/** Returns the generator's number of the object with this key: for `zipf`, its rank from 0. */
export function generatedObject(keyLow: number, keyHigh: number): number {
  return unmix32(keyLow) + keyHigh * 2 ** 32;
}

/** Returns an object's size, uniform from 1 to 2·mean − 1, and always the same for one key. */
function sizeOf(key: number, mean: number): number {
  return 1 + (mix32(key ^ 0x9e3779b9) % (2 * mean - 1));
}

function checkParameter(name: string, key: string, value: number): void {
  const isFine =
    (FRACTIONS.has(key) || Number.isInteger(value)) &&
    (value > 0 || MAY_BE_ZERO.has(key)) &&
    (key !== "share" || value <= 1) &&
    value <= Number.MAX_SAFE_INTEGER;
  if (!isFine) {
    const form = key === "share" ? "from 0 to 1" : FRACTIONS.has(key) ? "0 or more" : "a whole number from 1";
    throw new RangeError(`${name}: ${key} must be ${form}, not ${value}`);
  }
}
