import { LESSONS, type LessonName } from "../lessons/course.ts";
import type { Answer } from "./answer.ts";
import { headText, prose } from "./page-text.ts";

/** What a lesson says, complete without a script. Its figures come from runs of the real policies. */
export interface LessonText {
  /** What there is to know before the run, with a figure. */
  readonly intro: string;
  /** The question, and what the stage will show. */
  readonly expect: string;
  /** What happened, and why. */
  readonly told: string;
  /** Change one thing: what is changed, and the figures as a table. */
  readonly change: readonly [says: string, table: string];
  readonly question: string;
  readonly answers: readonly Answer[];
  /** Why the right one is right. */
  readonly answer: string;
  /** The same on the reader's own traffic: a heading, and where to look. */
  readonly own: readonly [title: string, text: string];
  /** What the link to the playground says, and what stands behind it; false if the playground cannot show the run. */
  readonly playground?: readonly [link: string, says: string] | false;
}

const SAME_RUN = ["This run in the playground", ", with any other policy beside it."] as const;

/** Makes a lesson's page of its text. The script puts the moving parts into `stage`, `said`, `moving` and `choices`. */
export function lessonBody(name: LessonName, text: LessonText): string {
  const at = LESSONS.findIndex((lesson) => lesson.name === name);
  const { title } = LESSONS[at]!;
  const answers = text.answers.map((answer) => `<li>${answer.text}</li>`).join("");
  const right = text.answers.find(({ hint }) => hint === undefined)!;
  const [says, table] = text.change;
  const [ownTitle, own] = text.own;
  return `${headText()}
<main class="lesson">
<p class="label">Lesson ${at + 1} of ${LESSONS.length} · about five minutes</p>
<h1>${title}</h1>
${text.intro}
<h2>What do you expect?</h2>
${text.expect}
<div id="stage"></div>
<section id="explained">
<h2>What happened, and why</h2>
<p class="prose awaited">This part opens when your run has come to its end.</p>
<div class="told">
<div id="said"></div>
${text.told}
</div>
</section>
<section id="change">
<h2>Change one thing</h2>
${says}
<div id="moving"></div>
${table}
</section>
<section id="question">
<h2>One more question</h2>
${text.question}
<div id="choices"><ol class="choices">${answers}</ol></div>
<details class="answer"><summary>The answer</summary>${prose(`<b>${right.text}</b>`)}${text.answer}</details>
</section>
<section id="own">
<h2>${ownTitle}</h2>
${own}
${playgroundText(text.playground)}
</section>
<nav class="course" aria-label="Course">${neighbour(at - 1, "before")}${neighbour(at + 1, "after")}</nav>
</main>
`;
}

function playgroundText(playground: LessonText["playground"] = SAME_RUN): string {
  if (playground === false) return "";
  const [link, says] = playground;
  return prose(`<a class="within" id="in-playground" href="page:learn">${link}</a>${says}`);
}

function neighbour(at: number, side: "before" | "after"): string {
  const lesson = LESSONS[at];
  if (lesson === undefined) return "<span></span>";
  const [back, on] = side === "before" ? ["← ", ""] : ["", " →"];
  return `<a class="within ${side}" href="page:lesson-${lesson.name}">${back}Lesson ${at + 1}: ${lesson.title}${on}</a>`;
}
