import { gzipSync } from "node:zlib";
import { DOCS, type DocName } from "../../web/docs/shelf.ts";
import { LESSONS, type LessonName } from "../../web/lessons/course.ts";
import { respond, STRICT_POLICY } from "./responses.ts";

export type PageName =
  | "home"
  | "dashboard"
  | "learn"
  | "lessons"
  | `lesson-${LessonName}`
  | "docs"
  | `doc-${DocName}`;

/** A page in one file but for a library, and what its content security policy must allow. */
export interface Page {
  readonly html: string;
  /** The library for charts over time, if it has any: a script that the page asks for once it needs it. */
  readonly library: string | undefined;
  /** Whether it starts a worker from its own text. */
  readonly hasWorker: boolean;
  readonly scriptSource: string;
  readonly styleSource: string;
}

export function pageResponse(page: Page, request: Request): Response {
  const { html, library, scriptSource, styleSource } = page;
  const scripts = library === undefined ? scriptSource : `'self' ${scriptSource}`;
  const policy = `${STRICT_POLICY}; script-src ${scripts}; style-src ${styleSource}; ${workerPolicy(page)}connect-src 'self'; ${picturePolicy(page)}`;
  return compressed(request, html, "text/html; charset=utf-8", { "content-security-policy": policy });
}

/** Returns a page as a file: it has its policy within, and may be opened from a disk. */
export function pageFile(page: Page): string {
  const { html, scriptSource, styleSource } = page;
  const policy = `default-src 'none'; base-uri 'none'; form-action 'none'; script-src ${scriptSource}; style-src ${styleSource}; ${workerPolicy(page)}${page.hasWorker ? "connect-src 'self'; " : ""}${picturePolicy(page)}`;
  return html.replace(
    "<head>",
    () => `<head>\n<meta http-equiv="Content-Security-Policy" content="${policy}">`,
  );
}

/** Where pages are. */
export type PageLinks = Readonly<Partial<Record<PageName, string>>>;

/** Playground, lessons and documents, as servers have them. */
export const LEARN_LINKS: PageLinks = {
  learn: "/learn",
  lessons: "/learn/lessons",
  ...linksOf("lesson-", LESSONS, (name) => `/learn/${name}`),
  docs: "/learn/docs",
  ...linksOf("doc-", DOCS, (name) => `/learn/docs/${name}`),
};

/** The page at a path below `/learn`. */
export function learnPageAt(path: string): PageName | undefined {
  return (Object.keys(LEARN_LINKS) as PageName[]).find((name) => LEARN_LINKS[name] === path);
}

/** As the admin port serves them. */
export const ADMIN_LINKS: PageLinks = { dashboard: "/", ...LEARN_LINKS };

/** As files beside one another. */
export const SITE_LINKS: PageLinks = {
  home: "index.html",
  learn: "playground.html",
  lessons: "lessons.html",
  ...linksOf("lesson-", LESSONS, (name) => `${name}.html`),
  docs: "docs.html",
  ...linksOf("doc-", DOCS, (name) => `${name}.html`),
};

function linksOf(
  kind: "lesson-" | "doc-",
  pages: readonly { readonly name: string }[],
  link: (name: string) => string,
): PageLinks {
  return Object.fromEntries(pages.map(({ name }) => [kind + name, link(name)]));
}

/**
 * Returns the page with links to others. In its text they are written `page:NAME` or `page:NAME#ANCHOR`. Links to pages
 * that are not there are left out; those of class `within` stand in a sentence, which keeps their words. Its script
 * finds all links in the root's `data-links`. What a lesson says of the reader's own traffic depends on who serves it.
 * @param isProxy whether a proxy serves the page, which can show its traffic there
 */
export function linked(page: Page, links: PageLinks, isProxy = false): Page {
  const html = page.html
    .replace("<html", () => `<html data-links='${JSON.stringify(links)}'`)
    .replaceAll(SERVED, (_, byProxy: string, elsewhere: string) => (isProxy ? byProxy : elsewhere))
    .replaceAll(LINK, (link: string, isWithin: string | undefined, name: PageName, words: string) => {
      const target = links[name];
      if (target === undefined) return isWithin === undefined ? "" : words;
      return link.replace(`page:${name}`, () => target);
    });
  return { ...page, html };
}

const LINK =
  /<a (class="within[^"]*" )?(?:id="[a-z-]+" )?href="page:([a-z-]+)(?:#[a-z0-9-]+)?">((?:(?!<\/a>).)*)<\/a>/gs;
/** Written by web/lesson/lesson-body.ts. */
const SERVED = /<!--served by a proxy-->(.*?)<!--served elsewhere-->(.*?)<!--end-->/gs;

/** A document may have pictures beside it. */
function picturePolicy({ html }: Page): string {
  return html.includes("<img ") ? "img-src 'self' data:" : "img-src data:";
}

function workerPolicy({ hasWorker }: Page): string {
  return hasWorker ? "worker-src blob:; " : "";
}

export function libraryResponse({ library }: Page, request: Request): Response {
  return compressed(request, library!, "text/javascript; charset=utf-8", {});
}

/** Compresses what is asked for rarely, and is large. */
function compressed(
  { headers }: Request,
  text: string,
  type: string,
  own: Readonly<Record<string, string>>,
): Response {
  const vary = { vary: "Accept-Encoding", ...own };
  if (!/\bgzip\b/.test(headers.get("accept-encoding") ?? "")) return respond(text, type, { headers: vary });
  return respond(gzipSync(text), type, { headers: { ...vary, "content-encoding": "gzip" } });
}

/** Returns a function that makes each thing at the first call for it, and again only after a failure. */
export function once<N, T>(make: (name: N) => Promise<T>): (name: N) => Promise<T> {
  const made = new Map<N, Promise<T>>();
  return (name) => {
    const before = made.get(name);
    if (before !== undefined) return before;
    const making = make(name).catch((error) => {
      made.delete(name);
      throw error;
    });
    made.set(name, making);
    return making;
  };
}
