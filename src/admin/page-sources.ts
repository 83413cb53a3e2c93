import { DOCS, type DocName } from "../../web/docs/shelf.ts";
import { LESSONS, type LessonName } from "../../web/lessons/course.ts";
import type { PageName } from "./page.ts";

/** What a page is bundled from; paths are below web/. */
export interface PageSources {
  readonly title: string;
  readonly script: string;
  readonly style: string;
  /** The script of its worker, which the page starts from its own text. */
  readonly worker?: string;
  /** The script of the frame in which it runs code of its readers. */
  readonly frame?: string;
  /** Whether it draws charts over time, with a library that it asks for once it needs it. */
  readonly hasLibrary: boolean;
  /** Shown without JavaScript, if the page is not complete then. */
  readonly noScript?: string;
  /** A module whose default function makes the page's text, from its name. */
  readonly body?: string;
}

/** Of pages that are text. */
const THEME_SCRIPT = "docs/main.tsx";

export const PAGES: Readonly<Record<PageName, PageSources>> = {
  dashboard: {
    title: "Glasscache",
    script: "dashboard/main.tsx",
    style: "style/dashboard.css",
    hasLibrary: true,
    noScript:
      "This page needs JavaScript. <code>glasscache top</code> shows the same at a terminal, <code>/api/</code> lists the figures for scripts.",
  },
  home: {
    title: "Glasscache: the read-through cache you can see through",
    script: "home/main.tsx",
    style: "style/home.css",
    hasLibrary: false,
    body: "home/body.ts",
  },
  lessons: {
    title: "Glasscache: how caches work",
    script: THEME_SCRIPT,
    style: "style/lesson.css",
    hasLibrary: false,
    body: "lesson/list-body.ts",
  },
  learn: {
    title: "Glasscache: the playground",
    script: "learn/main.tsx",
    style: "style/learn.css",
    worker: "play/worker.ts",
    frame: "sandbox/frame.ts",
    hasLibrary: false,
    noScript:
      '<main><p class=prose>The playground runs caches in your browser, which needs JavaScript. <code>glasscache simulate</code> counts the same hits and misses at a terminal. <a class="within" href="page:lessons">The lessons</a> can be read without it.</p></main>',
  },
  ...lessonPages(),
  docs: {
    title: "Documents · Glasscache",
    script: THEME_SCRIPT,
    style: "style/doc.css",
    hasLibrary: false,
    body: "docs/list-body.ts",
  },
  ...docPages(),
};

/** A lesson's sources lie in the room of its name. */
function lessonPages(): Record<`lesson-${LessonName}`, PageSources> {
  const pages = LESSONS.map(({ name, title }) => [
    `lesson-${name}`,
    {
      title: `${title} · Glasscache`,
      script: `lessons/${name}/main.tsx`,
      style: "style/lesson.css",
      hasLibrary: false,
      body: `lessons/${name}/body.ts`,
    },
  ]);
  return Object.fromEntries(pages);
}

function docPages(): Record<`doc-${DocName}`, PageSources> {
  const pages = DOCS.map(({ name, title }) => [
    `doc-${name}`,
    {
      title: `${title} · Glasscache`,
      script: THEME_SCRIPT,
      style: "style/doc.css",
      hasLibrary: false,
      body: "docs/doc-body.ts",
    },
  ]);
  return Object.fromEntries(pages);
}
