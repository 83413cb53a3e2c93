import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { requireProgram } from "../../test/support/requirements.ts";
import type { Metric, MetricSample } from "../instruments/view.ts";
import { exposition, seriesName } from "./exposition.ts";
import { FAKE_METRICS } from "./fake-view-fixture.ts";

interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads a line of samples, character by character. */
function parseLine(line: string): Line {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)![0];
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === "{") {
    at++;
    while (line[at] !== "}") {
      const label = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(line.slice(at))![0];
      at += label.length;
      expect(line.slice(at, at + 2)).toBe('="');
      at += 2;
      let value = "";
      while (line[at] !== '"') {
        if (line[at] === "\\") {
          at++;
          value += line[at] === "n" ? "\n" : line[at];
        } else {
          value += line[at];
        }
        at++;
      }
      labels[label] = value;
      at++;
      if (line[at] === ",") at++;
    }
    at++;
  }
  expect(line[at]).toBe(" ");
  const text = line.slice(at + 1);
  expect(text).toMatch(/^(NaN|[+-]Inf|-?[0-9.]+(e[+-]?[0-9]+)?)$/);
  const infinite = text === "+Inf" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return { name, labels, value: text.endsWith("Inf") ? infinite : Number(text) };
}

function samplesIn(text: string): Line[] {
  const lines = text.split("\n");
  expect(lines.pop()).toBe("");
  return lines.filter((line) => !line.startsWith("#")).map(parseLine);
}

const labelNames = ["family", "result", "policy"] as const;
const labels = fc.dictionary(fc.constantFrom(...labelNames), fc.string({ unit: "binary", maxLength: 8 }), {
  noNullPrototype: true,
});
const numbers = fc.oneof(fc.double(), fc.nat().map(Number));
const histograms = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.nat(9)), { maxLength: 4 }),
    fc.nat(9),
    fc.double(),
  )
  .map(([steps, above, sum]): Pick<MetricSample, "value" | "histogram"> => {
    let [le, count] = [0, 0];
    const buckets = steps.map(([width, more]) => {
      le += width / 1e6;
      count += more;
      return { le, count };
    });
    return { value: count + above, histogram: { sum, buckets } };
  });
const help = fc.string({ unit: "binary", maxLength: 12 });
const metrics: fc.Arbitrary<Metric[]> = fc.array(
  fc.oneof(
    fc
      .tuple(
        fc.constantFrom<"counter" | "gauge">("counter", "gauge"),
        help,
        fc.array(fc.tuple(labels, numbers)),
      )
      .map(([kind, text, samples]): Metric => {
        return {
          name: "a_total",
          kind,
          help: text,
          samples: samples.map(([own, value]) => ({ labels: own, value })),
        };
      }),
    fc.tuple(help, fc.array(fc.tuple(labels, histograms))).map(([text, samples]): Metric => {
      return {
        name: "b_seconds",
        kind: "histogram",
        help: text,
        samples: samples.map(([own, values]) => ({ labels: own, ...values })),
      };
    }),
  ),
  { maxLength: 4 },
);

describe("the text for Prometheus", () => {
  test("has every label and value as it was", () => {
    fc.assert(
      fc.property(metrics, (told) => {
        const expected = told.flatMap(({ name, kind, samples }) =>
          samples.flatMap(({ labels: own, value, histogram }): Line[] => {
            if (kind !== "histogram") return [{ name, labels: own, value: value + 0 }];
            const bucket = (le: string, count: number): Line => {
              return { name: `${name}_bucket`, labels: { ...own, le }, value: count };
            };
            return [
              ...histogram!.buckets.map(({ le, count }) => bucket(String(le), count)),
              bucket("+Inf", value),
              { name: `${name}_sum`, labels: own, value: histogram!.sum + 0 },
              { name: `${name}_count`, labels: own, value },
            ];
          }),
        );
        expect(samplesIn(exposition(told))).toEqual(expected);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  test("says kind and meaning before the samples", () => {
    const metric: Metric = { name: "a_total", kind: "counter", help: 'One\nline \\ "x"', samples: [] };
    expect(exposition([metric])).toBe('# HELP a_total One\\nline \\\\ "x"\n# TYPE a_total counter\n');
    expect(exposition([])).toBe("");
  });

  test("keeps the bucket of all values even where the last bound is infinite", () => {
    const buckets = [{ le: Number.POSITIVE_INFINITY, count: 2 }];
    const samples = [{ labels: {}, value: 2, histogram: { sum: 1, buckets } }];
    const text = exposition([{ name: "b", kind: "histogram", help: "", samples }]);
    expect(text.match(/b_bucket/g)).toHaveLength(1);
  });

  test("names series without labels by the metric alone", () => {
    expect(seriesName("a", {})).toBe("a");
    expect(seriesName("a", { b: 'x"\\\n' })).toBe('a{b="x\\"\\\\\\n"}');
  });
});

const promtool = requireProgram("promtool");
describe.skipIf(!promtool.available)(promtool.title("promtool"), () => {
  function check(text: string): { readonly code: number; readonly output: string } {
    const { exitCode, stdout, stderr } = Bun.spawnSync([promtool.path, "check", "metrics"], {
      stdin: new TextEncoder().encode(text),
    });
    return { code: exitCode, output: `${stdout}${stderr}` };
  }

  test("finds nothing to say about the names and their text", () => {
    expect(check(exposition(FAKE_METRICS))).toEqual({ code: 0, output: "" });
  });

  test("reads odd labels and values", () => {
    const [odd] = fc.sample(fc.array(fc.tuple(labels, numbers), { minLength: 30 }), {
      seed: 1,
      numRuns: 1,
    }) as [[Record<string, string>, number][]];
    const samples = odd.map(([own, value], i) => ({ labels: { ...own, number: String(i) }, value }));
    const text = exposition([{ name: "a_total", kind: "counter", help: 'Odd \\ "\n.', samples }]);
    expect(check(text)).toEqual({ code: 0, output: "" });
    expect(check(text.replace('="', "=")).code).not.toBe(0);
  });
});
