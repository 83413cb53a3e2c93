import { lessonBody } from "../../lesson/lesson-body.ts";
import { castText, prose, ruleText, tableText, toldText } from "../../lesson/page-text.ts";
import { AFTER, NEWCOMER, PLACES, SCAN, type ScanResult, SLOW_BETWEEN, scanResults, scanRun } from "./run.ts";
import { ANSWERS, because } from "./words.ts";

/** The text of lesson 4. */
export default async function scanBody(): Promise<string> {
  const [lru, s3] = scanResults(await scanRun(SCAN)) as [ScanResult, ScanResult];
  const slow = scanResults(await scanRun(SCAN, SLOW_BETWEEN));
  const rows: number[][] = [];
  for (const scan of [0, 4, 8, 12, 16, 20, SCAN, 32, 40]) {
    rows.push([scan, ...scanResults(await scanRun(scan)).map(({ hits }) => hits)]);
  }
  return lessonBody("scan", {
    intro: `${prose(
      "A cache keeps copies of entries that are asked for often, close at hand, so that the slow store behind it can rest. There is never room for everything. When the cache is full and a new entry is fetched, one entry has to leave.",
      "Now a <b>scan</b> comes by: a visitor that reads everything once and never returns. A nightly backup does that. What does it do to the cache? That depends on the rule by which entries leave.",
    )}
${castText([
  ["A", "a letter is asked for again and again: a <b>regular</b>"],
  ["7", "a number is asked for once: a <b>stranger</b>"],
])}
<h2>Two rules</h2>
<figure class="rules">
${await rule("lru", "LRU: one line", "An entry that is asked for goes to the front, on the left. When room is needed, the last in the line leaves: <i>least recently used</i>, in short LRU.", "an entry that was asked for lately will be asked for again")}
${await rule("s3-fifo(small=0.2)", "S3-FIFO: two lines", "A new entry waits in a <b>small queue</b>, here one place. If it is asked for twice more while it waits, it moves to the <b>main queue</b>. Otherwise it leaves; only its key is remembered for a while, as a <b>ghost</b>.", "one visit proves nothing")}
<figcaption class="prose">Between before and after, five strangers came by. The one line lost all four regulars. The two lines lost none.</figcaption>
</figure>`,
    expect: prose(
      `Here are two larger caches, with room for ${PLACES} entries each. Both get the same requests. Twelve regulars keep coming; one of them, ${NEWCOMER}, is new today. Nearly all their requests are <b class="hit">hits</b>: the cache has the entry. A <b class="miss">miss</b> must be fetched from the store. Then a scan of ${SCAN} strangers comes by. After it there are ${AFTER} more requests for regulars. How many of these ${AFTER} are hits, in each cache?`,
    ),
    told: `<div class="both">
${toldText(`LRU: ${lru.hits} of ${AFTER}`, lru.requests, because(lru, SCAN))}
${toldText(`S3-FIFO: ${s3.hits} of ${AFTER}`, s3.requests, because(s3, SCAN))}
</div>
${prose("So a scan does not hurt because it is large. It hurts where <b>a single request is enough to get a good place</b>. 2Q, LIRS and W-TinyLFU, three other policies, make new entries prove themselves first, too, each in its own way.")}`,
    change: [
      prose("How long must a scan be to do harm? Each point of the two lines is a whole run of its own."),
      tableText(
        `Hits among the ${AFTER} requests after a scan`,
        ["strangers in the scan", "LRU", "S3-FIFO"],
        rows,
      ),
    ],
    question: prose(
      `The same scan of ${SCAN}, but slow: between any two of its strangers, the regulars make three requests. Which regulars does LRU lose now?`,
    ),
    answers: ANSWERS,
    answer: prose(
      `LRU loses a regular only when ${PLACES} different other entries were asked for since its last request. While the scan creeps along, most regulars are asked for well before that, and go back to the front. In this run LRU answers ${slow[0]!.during[0]} of the regulars’ ${slow[0]!.during[1]} requests during the scan, S3-FIFO ${slow[1]!.during[0]}. So a scan’s speed decides, not its length alone.`,
    ),
    own: {
      title: "Has a scan come by your own cache?",
      shows: "what LRU, S3-FIFO and other rules would miss of your reads",
      live: `This proxy simulates other rules on what is read from it now. If LRU misses clearly more than S3-FIFO below, strangers come by. The dashboard shows where each entry stands (<a class="within" href="page:dashboard#inside">Inside</a>).`,
      also: `Or replay a trace: <code>glasscache simulate your.trace --policy lru,s3-fifo</code>.`,
    },
  });
}

/** A rule with a cache of five places, before and after five strangers. */
function rule(policy: string, title: string, says: string, belief: string): Promise<string> {
  const cache = { policy, size: 5, unit: "entries" } as const;
  return ruleText({
    cache,
    typed: "A A A B B B C C C D D D B D A C 9 1 2 3 4 5",
    last: 5,
    title,
    says,
    belief,
  });
}
