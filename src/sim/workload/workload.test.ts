import { describe, expect, test } from "bun:test";
import { READ, WRITE } from "../../replay/records.ts";
import { GENERATORS } from "./generator.ts";
import { parseSpecification } from "./specification.ts";
import { openWorkload } from "./workload.ts";

interface Drawn {
  readonly key: string;
  readonly operation: number;
  readonly size: number;
}

async function draw(text: string): Promise<Drawn[]> {
  const source = openWorkload(parseSpecification(text)!);
  const drawn: Drawn[] = [];
  await source.read((batch) => {
    for (let i = 0; i < batch.count; i++) {
      drawn.push({
        key: `${batch.keyHigh[i]}:${batch.keyLow[i]}`,
        operation: batch.operation[i]!,
        size: batch.size[i]!,
      });
    }
    return true;
  });
  return drawn;
}

function distinct(drawn: readonly Drawn[]): number {
  return new Set(drawn.map(({ key }) => key)).size;
}

function shareOf(drawn: readonly Drawn[], operation: number): number {
  return drawn.filter((request) => request.operation === operation).length / drawn.length;
}

describe("every workload", () => {
  for (const { name } of GENERATORS) {
    test(`${name} gives the same requests for the same seed, and the requested number`, async () => {
      const one = await draw(`${name}(requests=20000,seed=3)`);
      expect(one.length).toBe(20_000);
      expect(await draw(`${name}(requests=20000,seed=3)`)).toEqual(one);
      if (name !== "scan" && name !== "loop") {
        expect(await draw(`${name}(requests=20000,seed=4)`)).not.toEqual(one);
      }
    });
  }

  test("gives an object one size, with the requested mean", async () => {
    const sizes = new Map<string, number>();
    let sum = 0;
    const drawn = await draw("uniform(n=5000,requests=50000,size=100)");
    for (const { key, size } of drawn) {
      expect(sizes.get(key) ?? size).toBe(size);
      sizes.set(key, size);
      sum += size;
    }
    expect(Math.min(...sizes.values())).toBeGreaterThanOrEqual(1);
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(199);
    expect(Math.abs(sum / drawn.length - 100)).toBeLessThan(3);
  });
});

describe("the kinds of workload", () => {
  test("scan requests every object once before any again; loop begins again", async () => {
    expect(distinct(await draw("scan(n=5000,requests=5000)"))).toBe(5000);
    const loop = await draw("loop(n=100,requests=1000)");
    expect(distinct(loop)).toBe(100);
    expect(loop.slice(100, 200)).toEqual(loop.slice(0, 100));
    const mixed = await draw("loop(n=100,share=0.5,others=50,requests=20000)");
    expect(distinct(mixed)).toBe(150);
  });

  test("hotspot has a hundredth of its objects in the hot set by default", () => {
    const nameOf = (text: string): string => openWorkload(parseSpecification(text)!).name;
    expect(nameOf("hotspot(n=1000)")).toStartWith("hotspot(n=1000,hot=10,");
    expect(nameOf("hotspot(n=5)")).toStartWith("hotspot(n=5,hot=1,");
    expect(nameOf("hotspot(n=1000,hot=500)")).toStartWith("hotspot(n=1000,hot=500,");
  });

  test("hotspot sends its share to the hot set, and moves that", async () => {
    const drawn = await draw("hotspot(n=100000,hot=100,share=0.9,every=5000,requests=10000)");
    const first = new Map<string, number>();
    for (const { key } of drawn.slice(0, 5000)) first.set(key, (first.get(key) ?? 0) + 1);
    const hot = [...first].filter(([, count]) => count > 10).map(([key]) => key);
    expect(hot.length).toBe(100);
    const later = drawn.slice(5000).filter(({ key }) => hot.includes(key)).length;
    expect(later).toBeLessThan(50);
  });

  test("drift retires formerly popular objects", async () => {
    const drawn = await draw("drift(n=1000,alpha=1.5,every=1,requests=20000)");
    const early = new Set(drawn.slice(0, 1000).map(({ key }) => key));
    expect(drawn.slice(-1000).some(({ key }) => early.has(key))).toBe(false);
  });

  test("YCSB's mixes are as its paper says", async () => {
    const share = async (letter: string, operation: number): Promise<number> =>
      shareOf(await draw(`ycsb-${letter}(requests=100000)`), operation);
    expect(Math.abs((await share("a", WRITE)) - 0.5)).toBeLessThan(0.01);
    expect(Math.abs((await share("b", WRITE)) - 0.05)).toBeLessThan(0.01);
    expect(await share("c", WRITE)).toBe(0);
    expect(Math.abs((await share("d", WRITE)) - 0.05)).toBeLessThan(0.01);
    // A scan reads 50.5 records on average, so inserts are a small part of all requests.
    expect(await share("e", READ)).toBeGreaterThan(0.99);
    expect(Math.abs((await share("f", WRITE)) - 1 / 3)).toBeLessThan(0.01);
    const modified = await draw("ycsb-f(requests=10000)");
    for (let i = 1; i < modified.length; i++) {
      if (modified[i]!.operation === WRITE) expect(modified[i - 1]!.key).toBe(modified[i]!.key);
    }
  });
});

describe("specifications", () => {
  test("read numbers with units, and nothing that is a file", () => {
    expect(parseSpecification("zipf( n=10k , alpha=0.8 )")).toEqual({
      name: "zipf",
      parameters: new Map([
        ["n", 10_000],
        ["alpha", 0.8],
      ]),
    });
    expect(parseSpecification("scan()")?.parameters.size).toBe(0);
    expect(parseSpecification("trace.csv")).toBeUndefined();
    expect(parseSpecification("traces/zipf")).toBeUndefined();
  });

  test("say what is wrong", () => {
    const open = (text: string) => () => openWorkload(parseSpecification(text)!);
    expect(() => parseSpecification("zipf(n=many)")).toThrow('"n=many" in zipf(n=many) is not of the form');
    expect(() => parseSpecification("zipf(n=1,n=2)")).toThrow("n is given twice");
    expect(open("zipff(n=1)")).toThrow(
      'unknown workload "zipff": did you mean zipf? (known are zipf, uniform',
    );
    expect(open("zipfian(n=1)")).toThrow('unknown workload "zipfian"; known are zipf, uniform');
    expect(open("zipf(m=1)")).toThrow('zipf has no parameter "m"; it has n, alpha');
    expect(open("zipf(n=0)")).toThrow("n must be a whole number from 1, not 0");
    expect(open("zipf(n=1.5)")).toThrow("n must be a whole number from 1, not 1.5");
    expect(open("hotspot(share=1.5)")).toThrow("share must be from 0 to 1, not 1.5");
    expect(open("hotspot(n=10,hot=20)")).toThrow("hot may not be larger than n");
    expect(open("uniform(requests=0)")).toThrow("requests must be a whole number from 1");
  });
});
