import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { bundleDashboard } from "./dashboard-bundle.ts";

const LIMIT_BYTES = 60_000;

test("the dashboard is one file that loads nothing, and small", async () => {
  const { html, library, scriptSource, styleSource } = await bundleDashboard();
  expect(gzipSync(html).length).toBeLessThan(LIMIT_BYTES);
  const hash = (text: string) => `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;
  expect(library).toContain("var uPlot=");
  expect(html).not.toContain("var uPlot=");
  // As a browser reads it: the element's text ends at the first end tag.
  expect(hash(/<script type="module">(.*?)<\/script/s.exec(html)![1]!)).toBe(scriptSource);
  expect(hash(/<style>(.*?)<\/style/s.exec(html)![1]!)).toBe(styleSource);
  expect(html).not.toMatch(/<script[^>]+src=|<link[^>]+stylesheet|@import|url\((?!["']?data:)/);
});
