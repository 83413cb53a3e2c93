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
  readonly own: OwnTraffic;
  /** What the link to the playground says, and what stands behind it; false if the playground cannot show the run. */
  readonly playground?: readonly [link: string, says: string] | false;
}

/** The same on the reader's own traffic. */
interface OwnTraffic {
  readonly title: string;
  /** What a proxy shows on the page: `the share of hits`. */
  readonly shows: string;
  /** What stands below, where a proxy serves the page, and which view of its dashboard has more. */
  readonly live: string;
  /** What can be done wherever the page is. */
  readonly also?: string;
}

const SAME_RUN = ["This run in the playground", ", with any other policy beside it."] as const;

/** Makes a lesson's page of its text. The script puts the moving parts into `stage`, `said`, `moving` and `choices`. */
export function lessonBody(name: LessonName, text: LessonText): string {
  const at = LESSONS.findIndex((lesson) => lesson.name === name);
  const { title } = LESSONS[at]!;
  const answers = text.answers.map((answer) => `<li>${answer.text}</li>`).join("");
  const right = text.answers.find(({ hint }) => hint === undefined)!;
  const [says, table] = text.change;
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
<h2>${text.own.title}</h2>
${ownText(name, text.own)}
${playgroundText(text.playground)}
</section>
<nav class="course" aria-label="Course">${neighbour(at - 1, "before")}${neighbour(at + 1, "after")}</nav>
</main>
`;
}

/** Both texts stand in the page; whoever serves it chooses (src/admin/page.ts). */
function ownText(name: LessonName, { shows, live, also }: OwnTraffic): string {
  return `<!--served by a proxy-->${prose(live)}
<div id="own-live"><p class="prose awaited">The figures need JavaScript; <code>glasscache top</code> shows them at a terminal.</p></div>
<!--served elsewhere-->${prose(`A proxy that serves this page shows ${shows} here. Start one in front of your store: <code>glasscache proxy --origin redis://localhost:6379</code>. Let your programs ask it, at port 8080, and open <code>http://localhost:8081/learn/${name}</code>.`)}
<!--end-->${also === undefined ? "" : prose(also)}`;
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
