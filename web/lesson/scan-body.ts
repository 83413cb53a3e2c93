import { viewOf } from "../play/play-view.ts";
import { openRequests } from "../play/requests.ts";
import { Run } from "../play/run.ts";
import { typedWorkload } from "../play/settings.ts";
import {
  AFTER,
  NEWCOMER,
  PLACES,
  REGULARS,
  SCAN,
  type ScanResult,
  SLOW_BETWEEN,
  scanResults,
  scanRun,
} from "./scan-run.ts";
import { because } from "./scan-words.ts";

/**
 * The text of lesson 4, complete without a script: all its figures come from runs of the real policies. The script
 * puts the moving parts into its places. Links to other pages are written `page:NAME`.
 */
export default async function scanBody(): Promise<string> {
  const results = scanResults(await scanRun(SCAN));
  const slow = scanResults(await scanRun(SCAN, SLOW_BETWEEN));
  const lengths = [0, 4, 8, 12, 16, 20, SCAN, 32, 40];
  const byLength = await Promise.all(lengths.map(async (scan) => scanResults(await scanRun(scan))));
  const [lru, s3] = results as [ScanResult, ScanResult];
  return `<header class="head">
<p class="brand"><svg viewBox="0 0 26 26" aria-hidden="true"><path d="M1 6h9M1 11h9M1 16h9M18 20h7"/><rect x="11.5" y="1.5" width="5" height="23" rx="1.5"/></svg>Glasscache</p>
<nav aria-label="Pages"><a href="page:learn">Playground</a><a href="page:dashboard">Dashboard</a></nav>
<div class="tools" id="tools"></div>
</header>
<main class="lesson">
<p class="label">Lesson 4 · about five minutes</p>
<h1>A scan comes by</h1>
<p class="prose">A cache keeps copies of entries that are asked for often, close at hand, so that the slow store behind it can rest. There is never room for everything. When the cache is full and a new entry is fetched, one entry has to leave.</p>
<p class="prose">Now a <b>scan</b> comes by: a visitor that reads everything once and never returns. A nightly backup does that. What does it do to the cache? That depends on the rule by which entries leave.</p>
<ul class="cast"><li><i class="tile warm-3">A</i><span>a letter is asked for again and again: a <b>regular</b></span></li><li><i class="tile">7</i><span>a number is asked for once: a <b>stranger</b></span></li></ul>
<h2>Two rules</h2>
<figure class="rules">
${await rule("lru", "LRU: one line", "An entry that is asked for goes to the front, on the left. When room is needed, the last in the line leaves: <i>least recently used</i>, in short LRU.", "an entry that was asked for lately will be asked for again")}
${await rule("s3-fifo(small=0.2)", "S3-FIFO: two lines", "A new entry waits in a <b>small queue</b>, here one place. If it is asked for twice more while it waits, it moves to the <b>main queue</b>. Otherwise it leaves; only its key is remembered for a while, as a <b>ghost</b>.", "one visit proves nothing")}
<figcaption class="prose">Between before and after, five strangers came by. The one line lost all four regulars. The two lines lost none.</figcaption>
</figure>
<h2>What do you expect?</h2>
<p class="prose">Here are two larger caches, with room for ${PLACES} entries each. Both get the same requests. ${count(REGULARS.length)} regulars keep coming; one of them, ${NEWCOMER}, is new today. Nearly all their requests are <b class="hit">hits</b>: the cache has the entry. A <b class="miss">miss</b> must be fetched from the store. Then a scan of ${SCAN} strangers comes by. After it there are ${AFTER} more requests for regulars. How many of these ${AFTER} are hits, in each cache?</p>
<div id="stage"></div>
<section id="explained">
<h2>What happened, and why</h2>
<p class="prose awaited">This part opens when your run has come to its end.</p>
<div class="told">
<div id="said"></div>
<div class="both">
${explained(lru, "LRU")}
${explained(s3, "S3-FIFO")}
</div>
<p class="prose">So a scan does not hurt because it is large. It hurts where <b>a single request is enough to get a good place</b>. 2Q, LIRS and W-TinyLFU, three other policies, make new entries prove themselves first, too, each in its own way.</p>
</div>
</section>
<section id="change">
<h2>Change one thing</h2>
<p class="prose">How long must a scan be to do harm? Each point of the two lines is a whole run of its own.</p>
<div id="lengths"></div>
<details class="behind" open><summary>As a table</summary><table><caption class="hidden">Hits among the ${AFTER} requests after a scan</caption><thead><tr><th scope="col" class="number">strangers in the scan</th><th scope="col" class="number">LRU</th><th scope="col" class="number">S3-FIFO</th></tr></thead><tbody>${lengths
    .map(
      (length, i) =>
        `<tr><td class="number">${length}</td><td class="number">${byLength[i]![0]!.hits}</td><td class="number">${byLength[i]![1]!.hits}</td></tr>`,
    )
    .join("")}</tbody></table></details>
</section>
<section id="question">
<h2>One more question</h2>
<p class="prose">The same scan of ${SCAN}, but slow: between any two of its strangers, the regulars make ${count(SLOW_BETWEEN).toLowerCase()} requests. Which regulars does LRU lose now?</p>
<div id="choices"><ol class="choices"><li>All of them, as before: ${SCAN} strangers are ${SCAN} strangers.</li><li>At most the few that are hardly ever asked for.</li><li>None, whatever happens: a slow scan is harmless.</li></ol></div>
<details class="answer"><summary>The answer</summary><p class="prose">The second. LRU loses a regular only when ${PLACES} different other entries were asked for since its last request. While the scan creeps along, most regulars are asked for well before that, and go back to the front. In this run LRU answers ${slow[0]!.during[0]} of the regulars’ ${slow[0]!.during[1]} requests during the scan, S3-FIFO ${slow[1]!.during[0]}. So a scan’s speed decides, not its length alone.</p></details>
</section>
<section>
<h2>Has a scan come by your own cache?</h2>
<p class="prose">The dashboard of a proxy shows what S3-FIFO and others would have kept of your own traffic (<i>What if</i>), and where each entry stands (<i>Inside</i>). Or replay a trace: <code>glasscache simulate your.trace --policy lru,s3-fifo</code>.</p>
<p class="prose"><a id="in-playground" href="page:learn">This run in the playground</a>, with any other policy beside it.</p>
</section>
</main>
`;
}

/** A rule with a cache of five places, before and after five strangers. */
async function rule(policy: string, title: string, says: string, belief: string): Promise<string> {
  const regulars = "A A A B B B C C C D D D B D A C";
  const requests = await openRequests({ workload: typedWorkload(`${regulars} 9 1 2 3 4 5`), seed: 1 });
  const run = new Run(requests, [{ policy, size: 5, unit: "entries" }]);
  const line = (at: number): string => {
    run.seek(at);
    const queues = viewOf(run, false).caches[0]!.queues.filter(({ kind }) => kind === "resident");
    return queues
      .map(
        ({ members }) =>
          `<span>${members
            .toReversed()
            .map(({ key }) => still((key as { text: string }).text))
            .join("")}</span>`,
      )
      .join("");
  };
  const before = requests.count - 5;
  return `<div><h3>${title}</h3><p class="picture"><b>before</b>${line(before)}</p><p class="picture"><b>after</b>${line(requests.count)}</p><p class="prose">${says}</p><p class="prose">Its belief: ${belief}.</p></div>`;
}

function still(name: string): string {
  return `<i class="tile${REGULARS.includes(name) ? " warm-3" : ""}">${name}</i>`;
}

function explained(result: ScanResult, title: string): string {
  const boxes = result.after
    .map(
      ({ name, isHit }) =>
        `<i class="${isHit ? "hit" : "miss"}">${name}<b>${isHit ? "|" : "#"}</b><span class="hidden">${isHit ? "hit" : "miss"}</span></i>`,
    )
    .join("");
  return `<div><h3>${title}: ${result.hits} of ${AFTER}</h3><p class="boxes">${boxes}</p><p class="prose">${because(result, SCAN)}</p></div>`;
}

function count(value: number): string {
  return ({ 3: "Three", 12: "Twelve" } as Record<number, string>)[value] ?? String(value);
}
