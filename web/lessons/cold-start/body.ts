import { lessonBody } from "../../lesson/lesson-body.ts";
import { castText, prose, storyText, tableText, toldText } from "../../lesson/page-text.ts";
import { outcomesOf } from "../../lesson/staged-run.ts";
import { COUNTED, coldRun, KEYS, LATEST, PLACES, warmingFetches, warmingUp } from "./run.ts";
import { ANSWERS, because } from "./words.ts";

/** The text of lesson 1. */
export default async function coldStartBody(): Promise<string> {
  const run = await coldRun();
  const outcome = outcomesOf(run)[0]![0]!;
  const warming = await warmingFetches();
  const warmth = await warmingUp();
  const rows = [1, 5, 10, 20, 40, 60, 100, 150, 200].map((requests) => {
    const { hits, latestHits, latest } = warmth[requests - 1]!;
    return [requests, hits, `${latestHits} of ${latest}`];
  });
  return lessonBody("cold-start", {
    intro: `${prose(
      "A telephone shows the map of a town. For each piece of it the telephone asks a <b>store</b>: a database that has the map of the whole world. The store can be relied upon, but it is far away, and busy. Each request goes the long way there, and the answer comes the long way back.",
      "So a <b>cache</b> is put in between. It answers from copies that it keeps close at hand. What it has no copy of, it fetches from the store, passes on, <i>and keeps a copy of</i>. That is all a cache does.",
      "Every piece has a name by which it is asked for, its <b>key</b>. In this lesson keys are letters.",
    )}
${castText([["A", "the copy of what the key A stands for: an <b>entry</b> of the cache"]])}
<h2>Hit and miss</h2>
<figure>
${await storyText("A B A C A B", { policy: "lru", size: PLACES, unit: "entries" })}
<figcaption class="prose">A request whose entry is there is a <b class="hit">hit</b>. If it is not, it is a <b class="miss">miss</b>: the store is asked, and the entry is there from then on. The newest stands on the left.</figcaption>
</figure>`,
    expect: prose(
      `Here is a cache that has just been started. It is empty, and has room for ${PLACES} entries. There are only ${KEYS.length} keys, so there is room for all of them. Some are asked for more often than others. After four requests the run stops and asks you: of the next ${COUNTED} requests, how many are hits?`,
    ),
    told: `${toldText(`${outcome.hits} hits of ${COUNTED}`, outcome.requests, because(outcome, run))}
${prose(
  "So <b>the first request for a key is always a miss</b>. No rule and no amount of memory changes that. A cache that has just been started is <b>cold</b>: nearly every request is a first one. As it goes on, first requests become rare, and the cache is <b>warm</b>.",
)}`,
    change: [
      prose(
        `How long does it take? This is a longer run, of 24 keys with room for all. One line shows the share of hits since the start, the other that of the latest ${LATEST} requests.`,
      ),
      tableText(
        "Hits after the start of a cache",
        ["requests", "hits so far", "hits among the latest"],
        rows,
      ),
    ],
    question: prose(
      `The next day somebody <i>warms</i> the cache: before anybody comes, each of the ${KEYS.length} keys is asked for once. Then the same ${run.end} requests come as in your run. All of them are hits. How many requests does that spare the store, counted over the whole day?`,
    ),
    answers: ANSWERS,
    answer: prose(
      `In your run the store answered ${warming.cold} requests: the first one for each key. With warming it answers ${warming.warm}, all of them before anybody comes. First requests cannot be avoided, only moved to a time when nobody waits. And if some warmed key is not asked for that day, warming has cost the store one request more.`,
    ),
    own: {
      title: "How cold is your own cache?",
      shows: "the share of hits since it was started",
      live: `Below is the share of hits of this proxy over the last ten minutes. After a restart it begins low and climbs. The dashboard has it over two days (<a class="within" href="page:dashboard#time">Time</a>).`,
      also: `A replay can leave the beginning out, so that it does not spoil the figure: <code>glasscache simulate your.trace --warmup 20000</code>.`,
    },
  });
}
