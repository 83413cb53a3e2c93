import { LESSONS } from "../lessons/course.ts";
import { headText, prose } from "./page-text.ts";

/** The text of the list of lessons. */
export default async function listBody(): Promise<string> {
  return `${headText()}
<main class="lesson">
<h1>How caches work</h1>
${prose(
  "Lessons of about five minutes each, in which you watch a cache at work. They need no knowledge of caches. Each asks you for a guess, runs, and says what happened and why. The policies that run in the page are those of the proxy.",
  "They build on one another, but each can be read alone.",
)}
${lessonListText()}
${prose(`Afterwards: <a class="within" href="page:learn">the playground</a>, where you choose requests, policies and sizes.`)}
</main>
`;
}

/** A link to each lesson, and the question that it answers. */
export function lessonListText(): string {
  const items = LESSONS.map(
    ({ name, title, asks }) =>
      `<li><a class="within" href="page:lesson-${name}">${title}</a><span class="prose">${asks}</span></li>`,
  );
  return `<ol class="lessons">${items.join("")}</ol>`;
}
