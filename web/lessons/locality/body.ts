import { lessonBody } from "../../lesson/lesson-body.ts";
import { barsText, prose, storyText, type ToldRequest, tableText, toldText } from "../../lesson/page-text.ts";
import { outcomesOf, reuseDistances, type StagedRun } from "../../lesson/staged-run.ts";
import { numberText } from "../../parts/text.ts";
import { MEASURED } from "./measured.ts";
import { COUNTED, DISTANCES_MS, directMs, FAVOURED, KEYS, localityRun, meanMs, PLACES } from "./run.ts";
import { ANSWERS, because, FAVOURITES_TEXT, msText } from "./words.ts";

/** The text of lesson 2. */
export default async function localityBody(): Promise<string> {
  const run = await localityRun();
  const [before, after] = outcomesOf(run)[0]!.map(({ requests }, row) => withDistances(run, row, requests));
  const hits = outcomesOf(run)[0]!.map((row) => row.hits) as [number, number];
  const rows = DISTANCES_MS.map((ms) => [
    `${ms} ms`,
    msText(directMs(ms)),
    msText(meanMs(hits[0], ms)),
    msText(meanMs(hits[1], ms)),
    numberText(directMs(ms) / meanMs(hits[1], ms), 1),
  ]);
  return lessonBody("locality", {
    intro: `${prose(
      "A cache keeps copies of what was fetched from a store. A request whose copy is there is a <b class=hit>hit</b>; any other is a <b class=miss>miss</b>, and asks the store. The first request for a key is always a miss. So a hit is always <i>the same key again</i>.",
      `And it must come again in time. A cache has room for a few entries only. When it is full and a new entry is fetched, one has to leave. In this lesson it is the entry that was asked for longest ago. Here is a cache with three places:`,
    )}
<figure>
${await storyText("A B A C D A B", { policy: "lru", size: 3, unit: "entries" })}
<figcaption class="prose">A comes again soon and is a hit, twice. Before B comes again, three others have been asked for: A, C and D. They have taken the three places, and B has left.</figcaption>
</figure>
<h2>What a hit saves</h2>
${prose(
  "A hit goes one way, to the cache; a miss goes two, to the cache and on to the store. These times were measured with this product. The store is on the same machine as the cache, so its way is as short as can be. The bars are drawn to scale.",
)}
<figure>
${bars()}
<figcaption class="prose">Medians of 50 clients that ask as fast as they can (<code>bench/RESULTS.md</code>, GET without a pipeline). Here a hit takes about as long as asking the store without any cache: both are one short way. What a hit saves is the second way, and that grows with the distance.</figcaption>
</figure>`,
    expect: prose(
      `Here is a cache with ${PLACES} places. There are ${KEYS.length} keys, three times as many. At first all of them are alike: each is as likely as the other. Count the hits of ${COUNTED} requests. Then the run stops. From then on ${FAVOURED} of 100 requests are for five favourites, ${FAVOURITES_TEXT}; the others are for any key, as before. The cache knows nothing of it. How many of the next ${COUNTED} are hits?`,
    ),
    told: `${toldText(`All keys alike: ${hits[0]} of ${COUNTED}`, before!, "Below each request stands how many different other keys were asked for since the last request for its key.")}
${toldText(`With favourites: ${hits[1]} of ${COUNTED}`, after!, `Where it is less than ${PLACES}, the entry was still there. A dash stands for the first request of all.`)}
${prose(
  because(run, outcomesOf(run)[0]!),
  "That the same keys come again soon is called <b>locality</b>. Nearly everything that people and programs ask for has it, and all that a cache gains comes from it. A cache does not know what will be asked for. It bets on what was.",
)}`,
    change: [
      prose(
        "How far is the store? In the same building the way there and back takes some 0.5 ms; to another city, 10 ms; across an ocean, 100 ms. It comes on top of the times above. The lines say how many times as fast requests are as without a cache, on the average, with the hits of either half of the run.",
      ),
      tableText(
        "What a request takes on the average",
        [
          "the store’s way",
          "without a cache",
          `${hits[0]} of ${COUNTED} hits`,
          `${hits[1]} of ${COUNTED} hits`,
          "times as fast as without",
        ],
        rows,
      ),
    ],
    question: prose(
      "Somebody makes a cache a little better: of 100 requests, 95 are hits instead of 90. What does that change for the store?",
    ),
    answers: ANSWERS,
    answer: prose(
      "The store sees the misses alone: 10 of 100 before, 5 of 100 now. From 98 to 99 of 100 it would be halved once more, though it sounds like less. <b>Count misses</b>: that is what the store answers, and what people wait for.",
    ),
    own: {
      title: "What do hits save you?",
      shows: "your hits and misses, and how long each takes",
      live: `Below are hits and misses of this proxy as they come, and how long each takes. The dashboard draws them to scale (<a class="within" href="page:dashboard#now">Now</a>), and names your favourites (<a class="within" href="page:dashboard#keys">Keys</a>).`,
    },
  });
}

function withDistances(run: StagedRun, row: number, told: readonly ToldRequest[]): ToldRequest[] {
  const { from, to } = run.counted[row]!;
  const distances = reuseDistances(run.requests, from, to);
  return told.map((request, i) => ({ ...request, note: String(distances[i] ?? "–") }));
}

/** Pixels that stand for a millisecond. */
const PX_PER_MS = 280;

function bars(): string {
  const { directMs: direct, hitMs, missMs } = MEASURED;
  const bar = (title: string, ms: number, name: string) => ({
    ...{ title, text: `${ms} ms`, px: Math.round(ms * PX_PER_MS), name },
  });
  return barsText([
    bar("without a cache", direct, "direct"),
    bar("a hit", hitMs, "hit"),
    bar("a miss", missMs, "miss"),
  ]);
}
