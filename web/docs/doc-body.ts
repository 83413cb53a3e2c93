import { headText } from "../lesson/page-text.ts";
import { docText } from "./doc-text.ts";
import { DOCS } from "./shelf.ts";

/** The text of a document's page. @param page its name, `doc-NAME` */
export default async function docBody(page: string): Promise<string> {
  const at = DOCS.findIndex(({ name }) => `doc-${name}` === page);
  const url = new URL(`../../docs/${DOCS[at]!.name.toUpperCase()}.md`, import.meta.url);
  const { html, sections } = docText(await (await fetch(url)).text());
  const contents = sections.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`);
  return `${headText()}
<main class="doc">
${contents.length < 2 ? "" : `<nav class="contents" aria-label="On this page"><p class="label">On this page</p><ul>${contents.join("")}</ul></nav>`}
<article>
${html}
<nav class="course" aria-label="Documents">${neighbour(at - 1, "before")}${neighbour(at + 1, "after")}</nav>
</article>
</main>
`;
}

function neighbour(at: number, side: "before" | "after"): string {
  const doc = DOCS[at];
  if (doc === undefined) return "<span></span>";
  const [back, on] = side === "before" ? ["← ", ""] : ["", " →"];
  return `<a class="within ${side}" href="page:doc-${doc.name}">${back}${doc.title}${on}</a>`;
}
