import { HIT } from "../play/cache-run.ts";
import { type PlayQueue, viewOf } from "../play/play-view.ts";
import { openRequests } from "../play/requests.ts";
import { Run } from "../play/run.ts";
import { type PlayCache, typedWorkload } from "../play/settings.ts";

/** Text that pages of lessons are made of. Links to other pages are written `page:NAME`. */

/** The head of a page, with links to the others. */
export function headText(): string {
  return `<header class="head">
<p class="brand"><a class="within" href="page:home"><svg viewBox="0 0 26 26" aria-hidden="true"><path d="M1 6h9M1 11h9M1 16h9M18 20h7"/><rect x="11.5" y="1.5" width="5" height="23" rx="1.5"/></svg>Glasscache</a></p>
<nav aria-label="Pages"><a href="page:lessons">Lessons</a><a href="page:learn">Playground</a><a href="page:docs">Docs</a><a href="page:dashboard">Dashboard</a></nav>
<div class="tools" id="tools"></div>
</header>`;
}

export function prose(...paragraphs: readonly string[]): string {
  return paragraphs.map((text) => `<p class="prose">${text}</p>`).join("\n");
}

/** A letter is a regular, anything else a stranger. */
function tileText(name: string, reads = 0): string {
  const warm = /^[A-Z]$/.test(name) ? " warm-3" : "";
  const tally = reads === 0 ? "" : `<span class="tally">${"|".repeat(Math.min(4, reads))}</span>`;
  return `<i class="tile${warm}">${name}${tally}</i>`;
}

/** Says what the tiles of a lesson stand for. */
export function castText(cast: readonly (readonly [name: string, says: string])[]): string {
  const items = cast.map(([name, says]) => `<li>${tileText(name)}<span>${says}</span></li>`);
  return `<ul class="cast">${items.join("")}</ul>`;
}

/** A request in a box. */
export interface ToldRequest {
  readonly name: string;
  readonly isHit: boolean;
  /** A word below it. */
  readonly note?: string;
}

/** Requests in boxes, each with what it was. */
function boxesText(requests: readonly ToldRequest[]): string {
  const boxes = requests.map(({ name, isHit, note }) => {
    const [word, mark] = isHit ? ["hit", "|"] : ["miss", "#"];
    const below = note === undefined ? "" : `<span class="note">${note}</span>`;
    return `<i class="${word}">${name}<b>${mark}</b><span class="hidden">${word}</span>${below}</i>`;
  });
  return `<p class="boxes">${boxes.join("")}</p>`;
}

/** A part of what a run told: a heading, boxes, and why. */
export function toldText(title: string, requests: readonly ToldRequest[], why: string): string {
  return `<div><h3>${title}</h3>${boxesText(requests)}<p class="prose">${why}</p></div>`;
}

/** A table of figures, open until a script shows them otherwise. A text in the first column names its row. */
export function tableText(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (number | string)[])[],
  summary = "As a table",
): string {
  const isNamed = typeof rows[0]![0] === "string";
  const head = heads.map((text, i) => `<th scope="col"${isNamed && i === 0 ? "" : NUMBER}>${text}</th>`);
  const cellText = (cell: number | string, i: number): string =>
    isNamed && i === 0 ? `<th scope="row">${cell}</th>` : `<td${NUMBER}>${cell}</td>`;
  const body = rows.map((row) => `<tr>${row.map(cellText).join("")}</tr>`);
  return `<details class="behind" open><summary>${summary}</summary><div class="scrolls" tabindex="0"><table><caption class="hidden">${caption}</caption><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div></details>`;
}

const NUMBER = ' class="number"';

/** A bar that is drawn to scale. */
export interface ToldBar {
  readonly title: string;
  readonly text: string;
  readonly px: number;
  /** Its class, which colours it. */
  readonly name: string;
}

export function barsText(bars: readonly ToldBar[]): string {
  const rows = bars.map(
    ({ title, text, px, name }) =>
      `<tr><th scope="row">${title}</th><td class="number">${text}</td><td><svg class="${name}" width="${px}" height="12" aria-hidden="true"><path d="M0 6h${px}"/></svg></td></tr>`,
  );
  return `<table class="bars"><tbody>${rows.join("")}</tbody></table>`;
}

/** A few requests to one cache: each with what it was, and the entries that are there afterwards. */
export async function storyText(typed: string, cache: PlayCache): Promise<string> {
  const requests = await openRequests({ workload: typedWorkload(typed), seed: 1 });
  const run = new Run(requests, [cache]);
  const rows: string[] = [];
  for (let at = 1; at <= requests.count; at++) {
    run.seek(at);
    const name = requests.nameOf(requests.batch.objects[at - 1]!);
    const { queues, results } = viewOf(run, false).caches[0]!;
    const what = results.at(-1) === HIT ? HIT_TEXT : MISS_TEXT;
    rows.push(`<tr><td>${name}</td><td>${what}</td><td>${residentText(queues)}</td></tr>`);
  }
  return `<table class="story"><thead><tr><th scope="col">asked for</th><th scope="col">what happens</th><th scope="col">in the cache afterwards</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

const HIT_TEXT = '<b class="hit">| hit</b>: the copy is the answer';
const MISS_TEXT = '<b class="miss"># miss</b>: the store is asked';

/** The entries of each queue, the newest first; with their reads, if these matter. */
function residentText(queues: readonly PlayQueue[], hasReads = false): string {
  const tile = ({ key, entry }: PlayQueue["members"][number]): string =>
    tileText(nameIn(key), hasReads ? entry?.reads : 0);
  return queues
    .filter(({ kind }) => kind === "resident")
    .map(({ members }) => `<span>${members.toReversed().map(tile).join("")}</span>`)
    .join("");
}

/** A rule, pictured by a small cache before and after the last requests of a few. */
export interface PicturedRule {
  readonly cache: PlayCache;
  readonly typed: string;
  /** So many requests lie between before and after. */
  readonly last: number;
  readonly hasReads?: boolean;
  readonly title: string;
  readonly says: string;
  readonly belief: string;
}

export async function ruleText(rule: PicturedRule): Promise<string> {
  const { cache, typed, last, hasReads, title, says, belief } = rule;
  const requests = await openRequests({ workload: typedWorkload(typed), seed: 1 });
  const run = new Run(requests, [cache]);
  const picture = (at: number): string => {
    run.seek(at);
    return residentText(viewOf(run, false).caches[0]!.queues, hasReads);
  };
  const before = picture(requests.count - last);
  return `<div><h3>${title}</h3><p class="picture"><b>before</b>${before}</p><p class="picture"><b>after</b>${picture(requests.count)}</p><p class="prose">${says}</p><p class="prose">Its belief: ${belief}.</p></div>`;
}

function nameIn(key: PlayQueue["members"][number]["key"]): string {
  return key !== undefined && "text" in key ? key.text : "";
}
