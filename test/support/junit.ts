/** What one run of `bun test` did, as its JUnit report tells it. */
export interface TestTotals {
  passed: number;
  failed: number;
  skipped: number;
  todo: number;
  /** Full names of the skipped tests, outermost group first; the reason is part of the name (see `requirements.ts`). */
  skippedNames: string[];
  /** Full names of the failed tests. */
  failedNames: string[];
}

export function emptyTotals(): TestTotals {
  return { passed: 0, failed: 0, skipped: 0, todo: 0, skippedNames: [], failedNames: [] };
}

/**
 * Counts the test cases of a report written by `bun test --reporter=junit`. Counted case by case, not taken from
 * the sums in the report's head: those fold `todo` into `skipped`.
 * @throws Error when the text is no such report, for instance because it was cut short
 */
export function readJUnitReport(xml: string): TestTotals {
  if (!/<testsuites\b/.test(xml) || !/<\/testsuites>\s*$/.test(xml)) {
    throw new Error("the test report is incomplete");
  }
  const totals = emptyTotals();
  for (const match of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const name = fullName(match[1]!);
    const body = match[2] ?? "";
    if (/<(?:failure|error)\b/.test(body)) {
      totals.failed++;
      totals.failedNames.push(name);
    } else if (/<skipped\b[^>]*message="TODO"/.test(body)) {
      totals.todo++;
    } else if (/<skipped\b/.test(body)) {
      totals.skipped++;
      totals.skippedNames.push(name);
    } else {
      totals.passed++;
    }
  }
  return totals;
}

/** Bun names the groups of a case innermost first, joined by ` > `. */
function fullName(attributes: string): string {
  const groups = attribute(attributes, "classname").split(" > ").reverse();
  return [...groups, attribute(attributes, "name")].filter((part) => part !== "").join(" > ");
}

function attribute(attributes: string, name: string): string {
  return unescapeXml(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

function unescapeXml(text: string): string {
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#([0-9]+)|#x([0-9a-fA-F]+));/g, (_, named, decimal, hex) => {
    if (named !== undefined) return ENTITIES[named as keyof typeof ENTITIES];
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}

const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" } as const;
