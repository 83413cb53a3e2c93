import { expect, test } from "bun:test";
import { docText } from "./doc-text.ts";

test("links between documents become links between pages, and others keep their words", () => {
  const html = (markdown: string): string => docText(markdown).html.trim();
  expect(html("See [POLICIES.md](POLICIES.md).")).toBe(
    '<p>See <a class="within" href="page:doc-policies">POLICIES.md</a>.</p>',
  );
  expect(html("[its part](COMMANDS.md#info-and-config)")).toContain(
    'href="page:doc-commands#info-and-config"',
  );
  expect(html("[a test](../test/a.test.ts), [a page on details](internals/store.md)")).toBe(
    "<p>a test, a page on details</p>",
  );
  expect(html("[RFC](https://www.rfc-editor.org/rfc/rfc7386), [below](#limits)")).toBe(
    '<p><a href="https://www.rfc-editor.org/rfc/rfc7386">RFC</a>, <a href="#limits">below</a></p>',
  );
});

test("headings have anchors, as the documents' own links name them", () => {
  const { html, sections } = docText("# A page\n\n## Watching: glasscache top\n\n### `GET /a`, twice\n");
  expect(html).toContain('<h1 id="a-page">A page</h1>');
  expect(html).toContain(
    '<h2 id="watching-glasscache-top"><a href="#watching-glasscache-top">Watching: glasscache top</a></h2>',
  );
  expect(html).toContain("<code>GET /a</code>");
  expect(sections).toEqual([{ id: "watching-glasscache-top", title: "Watching: glasscache top" }]);
});

test("what is wide scrolls in a box that the keyboard reaches", () => {
  const { html } = docText("| | a |\n| --- | ---: |\n| `x|` | 1 |\n\n```\n$ <command>\n```\n");
  expect(html).toContain('<div class="scrolls" tabindex="0"><table>');
  expect(html).toContain("</table></div>");
  expect(html).not.toContain("<th></th>");
  expect(html).toContain('<pre tabindex="0"><code>$ &lt;command&gt;');
});
