import { docOf } from "./shelf.ts";

/** A document as the text of a page. */
export interface DocText {
  readonly html: string;
  /** Its sections, in their order. */
  readonly sections: readonly { readonly id: string; readonly title: string }[];
}

/**
 * Makes a page's text of Markdown. Each heading has an anchor. Links between documents become links between pages; of
 * links to other files of the repository, which a page does not have beside it, the words stay.
 */
export function docText(markdown: string): DocText {
  const html = Bun.markdown
    .html(markdown, { headings: { ids: true } })
    .replaceAll(LINK, (_, target: string, words: string) => linkText(target, words))
    .replaceAll(HEADING, (_, level: string, id: string, words: string) =>
      level === "1"
        ? `<h1 id="${id}">${words}</h1>`
        : `<h${level} id="${id}"><a href="#${id}">${words}</a></h${level}>`,
    )
    // What is wider than a small screen scrolls in a box of its own, which the keyboard reaches.
    .replaceAll("<table>", '<div class="scrolls" tabindex="0"><table>')
    .replaceAll("</table>", "</table></div>")
    .replaceAll("<pre>", '<pre tabindex="0">')
    .replaceAll(SHORT_CODE, '<code class="whole">$1</code>')
    // A head without words names nothing.
    .replaceAll(EMPTY_HEAD, "<td></td>");
  const sections = [...html.matchAll(SECTION)].map(([, id, title]) => ({ id: id!, title: title! }));
  return { html, sections };
}

const LINK = /<a href="([^"]*)">(.*?)<\/a>/gs;
const HEADING = /<h([1-6]) id="([^"]*)">(.*?)<\/h\1>/gs;
const EMPTY_HEAD = /<th(?: [^>]*)?><\/th>/g;
/** Names that no line break should cut, and that fit every screen. */
const SHORT_CODE = /<code>([^<\s]{1,24})<\/code>/g;
const SECTION = /<h2 id="([^"]*)"><a [^>]*>(.*?)<\/a><\/h2>/gs;

function linkText(target: string, words: string): string {
  if (target.startsWith("#") || /^https?:/.test(target)) return `<a href="${target}">${words}</a>`;
  const [file, anchor] = target.split("#") as [string, string | undefined];
  const name = docOf(file);
  if (name === undefined) return words;
  return `<a class="within" href="page:doc-${name}${anchor === undefined ? "" : `#${anchor}`}">${words}</a>`;
}
