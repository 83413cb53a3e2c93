import { expect, setDefaultTimeout, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { LESSONS } from "../../web/lessons/course.ts";
import { ADMIN_LINKS, linked, type PageLinks, pageFile, SITE_LINKS } from "./page.ts";
import { bundlePage } from "./page-bundle.ts";

setDefaultTimeout(60_000);

const hash = (text: string): string =>
  `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;

for (const [name, limitBytes] of [
  ["dashboard", 60_000],
  ["learn", 150_000],
  // One lesson has a recording in its page, and what reads it.
  ...LESSONS.map(({ name }) => [`lesson-${name}`, name === "own-traffic" ? 120_000 : 90_000] as const),
  ["lessons", 25_000],
  ["home", 60_000],
  ["docs", 20_000],
  ["doc-admin", 35_000],
] as const) {
  test(`the page ${name} is one file that loads nothing, and small`, async () => {
    const page = await bundlePage(name);
    const { html, library, hasWorker, scriptSource, styleSource } = page;
    expect(gzipSync(html).length).toBeLessThan(limitBytes);
    // As a browser reads it: the element's text ends at the first end tag.
    const scripts = [/<script type="module">(.*?)<\/script/s, /<script[^>]* id="frame"[^>]*>(.*?)<\/script/s];
    const texts = scripts.flatMap((script) => script.exec(html)?.[1] ?? []);
    expect(texts.map(hash).join(" ")).toBe(scriptSource);
    expect(texts.length).toBe(name === "learn" ? 2 : 1);
    expect(hash(/<style>(.*?)<\/style/s.exec(html)![1]!)).toBe(styleSource);
    expect(html).not.toMatch(/<script[^>]+src=|<link[^>]+stylesheet|@import|url\((?!["']?(?:data:|#))/);
    expect(html).not.toContain("var uPlot=");
    expect([library?.includes("var uPlot=") ?? false, hasWorker]).toEqual([
      name === "dashboard",
      name === "learn",
    ]);
    expect(html.includes('<script type="text/plain" id="worker">')).toBe(hasWorker);
    expect(pageFile(page)).toContain(`script-src ${scriptSource}; style-src ${styleSource};`);
  });
}

test("a lesson shows live figures where a proxy serves it, and says elsewhere how to get there", () => {
  const html =
    '<html><!--served by a proxy--><p>Here: <a class="within" href="page:dashboard#keys">Keys</a></p>\n<!--served elsewhere--><p>There.</p><!--end-->';
  const page = { html, library: undefined, hasWorker: false, scriptSource: "", styleSource: "" };
  const text = (links: PageLinks, isProxy?: boolean): string =>
    linked(page, links, isProxy).html.replace(/<html[^>]*>/, "");
  expect(text(ADMIN_LINKS, true)).toBe('<p>Here: <a class="within" href="/#keys">Keys</a></p>\n');
  // A server's dashboard has no such view.
  expect(text(ADMIN_LINKS, false)).toBe("<p>There.</p>");
  expect(text(SITE_LINKS)).toBe("<p>There.</p>");
});

test("pages link to those that are there", () => {
  const html = '<html lang="en"><a href="page:learn">Playground</a><a href="page:dashboard">Dashboard</a>';
  const page = { html, library: undefined, hasWorker: false, scriptSource: "", styleSource: "" };
  expect(linked(page, { learn: "index.html" }).html).toBe(
    `<html data-links='{"learn":"index.html"}' lang="en"><a href="index.html">Playground</a>`,
  );
  expect(linked(page, ADMIN_LINKS).html).toContain('<a href="/">Dashboard</a>');
  // Within a sentence the words stay.
  const sentence = 'Look at <a class="within" href="page:dashboard#what-if">What if</a>.';
  expect(linked({ ...page, html: sentence }, SITE_LINKS).html).toBe("Look at What if.");
  const picture = '<a class="within" href="page:dashboard"><b>Now</b></a>';
  expect(linked({ ...page, html: picture }, SITE_LINKS).html).toBe("<b>Now</b>");
  expect(linked({ ...page, html: sentence }, ADMIN_LINKS).html).toBe(
    'Look at <a class="within" href="/#what-if">What if</a>.',
  );
});
