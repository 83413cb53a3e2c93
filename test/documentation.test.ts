/** The pages in docs/: links lead somewhere, and the guide lists the alerts that there are. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dir, "..");

function pages(): string[] {
  const folders = ["*.md", "docs/**/*.md", "bench/*.md", "web/*.md", "test/**/*.md"];
  return folders.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(ROOT)]).sort();
}

/** A heading's anchor, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/ /g, "-");
}

function anchors(page: string): Set<string> {
  const text = readFileSync(page, "utf8").replace(/^```[\s\S]*?^```/gm, "");
  return new Set([...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchorOf(heading!)));
}

test("every link between pages leads to a file, and to a heading in it", () => {
  const broken: string[] = [];
  for (const page of pages()) {
    const text = readFileSync(join(ROOT, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
    for (const [link, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [path, anchor] = target!.split("#") as [string, string | undefined];
      const file = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
      const leads = existsSync(file) && (anchor === undefined || anchors(file).has(anchor));
      if (!leads) broken.push(`${relative(ROOT, join(ROOT, page))}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});

test("the guide lists each alert, with its severity if somebody is to be woken", () => {
  const guide = readFileSync(join(ROOT, "docs/OPERATING.md"), "utf8");
  const rules = readFileSync(join(ROOT, "examples/prometheus/rules.yml"), "utf8");
  const alerts = [...rules.matchAll(/alert: (\w+)[\s\S]*?severity: (\w+)/g)].map(([, name, severity]) => ({
    name: name!,
    isCritical: severity === "critical",
  }));
  expect(alerts.length).toBeGreaterThan(10);
  const listed = [...guide.matchAll(/`(Glasscache\w+)`( \(critical\))?/g)].map(([, name, critical]) => ({
    name: name!,
    isCritical: critical !== undefined,
  }));
  const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);
  expect(listed.sort(byName)).toEqual(alerts.sort(byName));
});
