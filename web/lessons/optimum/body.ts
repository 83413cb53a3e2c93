import { lessonBody } from "../../lesson/lesson-body.ts";
import { barsText, prose, tableText, toldText } from "../../lesson/page-text.ts";
import { taught } from "../../lesson/policies.ts";
import { type Outcome, outcomesOf } from "../../lesson/staged-run.ts";
import { countText, numberText } from "../../parts/text.ts";
import {
  CHOICE,
  COMPARED,
  COUNTED,
  choiceThreads,
  futureRun,
  hitsWith,
  LONG,
  LONG_KEYS,
  PLACES,
  SIZES,
  worstParting,
} from "./run.ts";
import { ANSWERS, because, threadText } from "./words.ts";

/** The text of lesson 6. */
export default async function optimumBody(): Promise<string> {
  const run = await futureRun();
  const [lru, belady] = outcomesOf(run).map(([row]) => row!) as [Outcome, Outcome];
  const [whyLru, whyBelady] = because([lru, belady], worstParting(run));
  const threads = await choiceThreads();
  const longest = threads.at(-1)!;
  const rows: string[][] = [];
  for (const places of SIZES) {
    rows.push([String(places), ...(await hitsWith(places)).map((hits) => numberText(hits, 1))]);
  }
  const [next, ...later] = CHOICE.typed.split(" ").slice(CHOICE.at);
  return lessonBody("optimum", {
    intro: `${prose(
      "Every rule by which entries leave a cache guesses. LRU guesses that what was asked for lately will be asked for again. Other rules guess otherwise. A guess can be compared with the truth afterwards: what would a cache have done that had <i>known</i> what was going to be asked for?",
      "Laszlo Belady asked that in 1966, and found the rule: <b>the entry leaves whose next request lies farthest ahead</b>. If all entries are of one size, no rule has fewer misses. It cannot be built, for nobody knows the future. But it can be computed once the requests are written down, and it says how much there is to gain.",
    )}
<h2>Cut the longest thread</h2>
<figure>
${prose(`A cache of ${CHOICE.places} places has A, B and C. The next request is for ${next}, and one has to leave. After it come ${later.join(", ")}. A thread leads from each entry to its next request:`)}
${barsText(threads.map((thread) => ({ title: thread.name, text: threadText(thread), px: 22 * (thread.after ?? 0), name: thread === longest ? "longest" : "direct" })))}
<figcaption class="prose">${longest.name} has the longest thread: it leaves. LRU would have evicted A, which was asked for longest ago, and is wanted before ${longest.name}.</figcaption>
</figure>`,
    expect: prose(
      `Two caches of ${PLACES} places get the same requests, for nine keys, some of which are asked for more often. One follows LRU, the other Belady’s rule. How many of the next ${COUNTED} requests are hits, in each?`,
    ),
    told: `<div class="both">
${toldText(`LRU: ${lru.hits} of ${COUNTED}`, lru.requests, whyLru)}
${toldText(`Belady: ${belady.hits} of ${COUNTED}`, belady.requests, whyBelady)}
</div>
${prose(
  `So of LRU’s ${COUNTED - lru.hits} misses, ${belady.hits - lru.hits} came of wrong guesses; the other ${COUNTED - belady.hits} remain even to the one who knows the future. That is what the optimum is good for: <b>it divides misses into those that a better rule could avoid, and those that only more memory could</b>.`,
)}`,
    change: [
      prose(
        `How near do rules come that can be built? Larger caches now, ${countText(LONG)} requests for ${LONG_KEYS} keys, few of them popular and many rare. Each point is a run of its own.`,
      ),
      tableText("Hits of 100 requests", ["places", ...COMPARED.map((policy) => taught(policy).title)], rows),
    ],
    question: prose(
      "Your cache follows LRU and misses 40 of 100 requests. You replay the same requests with Belady’s rule, in a cache of the same size: 38 of 100 are misses. What is worth doing?",
    ),
    answers: ANSWERS,
    answer: prose(
      "Between LRU and the best there could be lie two requests of a hundred, and a rule that does not know the future gets a part of them only. The other 38 are asked for too rarely for this size. Only more places help, or fewer different keys: keys that mean the same but are written differently, for example.",
    ),
    own: {
      title: "How far is your own cache from the best?",
      shows: "what each rule would miss of your reads, and what the best possible one would",
      live: `This proxy simulates other rules on what is read from it now, and works out the optimum over the last reads. What lies between your rule and the last row, a better rule could gain at most. The dashboard draws both over all sizes (<a class="within" href="page:dashboard#what-if">What if</a>).`,
      also: `Or replay a trace: <code>glasscache simulate your.trace --policy lru,s3-fifo,belady</code> shows how many points each policy lies above it.`,
    },
  });
}
