import { headText, prose } from "../lesson/page-text.ts";
import { DOCS } from "./shelf.ts";

/** The text of the list of documents. */
export default async function docListBody(): Promise<string> {
  return `${headText()}
<main class="doc">
<article>
<h1>Documents</h1>
${prose("How to run Glasscache, how to choose for it, and what each part of it says. The names of files are those of the repository’s folder <code>docs</code>.")}
${docListText()}
</article>
</main>
`;
}

/** A link to each document, and what stands there. */
export function docListText(): string {
  const items = DOCS.map(
    ({ name, title, says }) =>
      `<li><a class="within" href="page:doc-${name}">${title}</a><span class="prose">${says}</span></li>`,
  );
  return `<ul class="shelf">${items.join("")}</ul>`;
}
