/** docs/ADMIN.md and examples/: they name what there is, and Prometheus's own tools accept them. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAKE_METRICS } from "../src/admin/fake-view-fixture.ts";
import { DEFAULT_ADMIN_LIMITS } from "../src/admin/limits.ts";
import { ROUTES } from "../src/admin/routes.ts";
import { documentedMetrics, undocumented } from "./support/documented-metrics.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { requireProgram } from "./support/requirements.ts";

const ROOT = join(import.meta.dir, "..");
const PROMETHEUS = join(ROOT, "examples/prometheus");

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const page = read("docs/ADMIN.md");
const known = new Map(documentedMetrics().map((metric) => [metric.name, metric]));

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description?: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const dashboard = JSON.parse(read("examples/grafana/glasscache.json")) as {
  readonly panels: readonly Panel[];
};
const charts = dashboard.panels.filter(({ type }) => type !== "row");
const expressions = charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Metrics that a text names, recorded series of the rules excepted. */
function metricsIn(text: string): string[] {
  const names = [...text.matchAll(/(?<![\w:])glasscache_\w+(?![\w:])/g)].map(([name]) => name);
  return names.map((name) => (known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "")));
}

describe("docs/ADMIN.md", () => {
  test("describes each endpoint", () => {
    const missing = ROUTES.filter(({ path }) => path !== "/" && !page.includes(`${path}`));
    expect(missing).toEqual([]);
    const parameters = ROUTES.flatMap((route) => route.parameters ?? []);
    expect(parameters.filter((name) => !page.includes(`\`${name}\`:`) && !page.includes(`${name}=`))).toEqual(
      [],
    );
  });

  test("names each metric once, by Prometheus's rules for names", () => {
    const names = documentedMetrics().map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(20);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, kind, meaning } of documentedMetrics()) {
      expect([name, name.endsWith("_total")]).toEqual([name, kind === "counter"]);
      expect(["counter", "gauge", "histogram"]).toContain(kind);
      expect(meaning).toEndWith(".");
    }
  });

  test("knows the fake figures of the tests", () => {
    expect(undocumented(FAKE_METRICS)).toEqual([]);
    const odd = { name: "glasscache_entries", kind: "counter", samples: [{ labels: { key: "a" } }] };
    expect(undocumented([odd, { ...odd, name: "glasscache_x" }])).toHaveLength(3);
  });

  test("tells the limits as they are", () => {
    const {
      urlBytes,
      bodyBytes,
      bodyTimeoutMs,
      streams,
      sessions,
      sessionMs,
      guesses,
      guessPauseMs,
      idleTimeoutS,
    } = DEFAULT_ADMIN_LIMITS;
    const rows = [
      `| URL | ${urlBytes.toLocaleString("en")} bytes |`,
      `| body | ${bodyBytes / 1024} KiB, ${bodyTimeoutMs / 1000} s |`,
      `about ${idleTimeoutS} s`,
      `| streams | ${streams} |`,
      `| sessions | ${sessions}, ${sessionMs / 3_600_000} hours each |`,
      `| ${guesses}, then one every ${guessPauseMs / 1000} s |`,
    ];
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });
});

describe("examples", () => {
  test("use metrics that there are, with labels that they have", () => {
    for (const text of [
      ...expressions,
      read("examples/prometheus/rules.yml"),
      read("examples/prometheus/rules-test.yml"),
    ]) {
      const names = metricsIn(text);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    }
    const labelled = [...expressions, read("examples/prometheus/rules.yml")].flatMap((text) => [
      ...text.matchAll(/(?<![\w:])(glasscache_\w+)\{([^}]*)\}/g),
    ]);
    for (const [, name, matchers] of labelled) {
      const labels = [...matchers!.matchAll(/(\w+)=/g)].map((match) => match[1]!);
      const own = known.get(metricsIn(name!)[0]!)!.labels;
      expect(labels.filter((label) => !["job", "instance", ...own].includes(label))).toEqual([]);
    }
  });

  test("the dashboard shows every metric, each panel with a sentence, none over another", () => {
    expect([...known.keys()].filter((name) => !expressions.flatMap(metricsIn).includes(name))).toEqual([]);
    expect(charts.filter(({ description, targets = [] }) => !description || targets.length === 0)).toEqual(
      [],
    );
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

const promtool = requireProgram("promtool");
describe.skipIf(!promtool.available)(promtool.title("promtool"), () => {
  function run(...args: string[]): { readonly code: number; readonly output: string } {
    const { exitCode, stdout, stderr } = Bun.spawnSync([promtool.path, ...args], { cwd: PROMETHEUS });
    return { code: exitCode, output: `${stdout}${stderr}` };
  }

  test.each(["check config prometheus.yml", "check rules rules.yml", "test rules rules-test.yml"])(
    "%s",
    (command) => {
      expect(run(...command.split(" "))).toEqual({ code: 0, output: expect.stringContaining("SUCCESS") });
    },
  );

  test("understands each expression of the dashboard", async () => {
    using directory = new TemporaryDirectory();
    const rules = expressions.map((expr, i) => ({
      record: `panel:${i}`,
      expr: expr.replaceAll("$__rate_interval", "1m"),
    }));
    const path = join(directory.path, "panels.yml");
    // JSON is YAML.
    const write = (list: typeof rules): Promise<number> =>
      Bun.write(path, JSON.stringify({ groups: [{ name: "panels", rules: list }] }));
    await write(rules);
    expect(run("check", "rules", path)).toEqual({
      code: 0,
      output: expect.stringContaining(`${rules.length} rules`),
    });
    await write([{ record: "panel:0", expr: "sum(" }]);
    expect(run("check", "rules", path).code).not.toBe(0);
  });
});
