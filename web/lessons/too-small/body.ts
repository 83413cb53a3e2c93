import { lessonBody } from "../../lesson/lesson-body.ts";
import { prose, ruleText, tableText, toldText } from "../../lesson/page-text.ts";
import { taught } from "../../lesson/policies.ts";
import { outcomesOf } from "../../lesson/staged-run.ts";
import {
  ALL,
  COUNTED,
  hitsWith,
  KEYS,
  LOOP,
  LOOP_REQUESTS,
  loopHits,
  PLACES,
  POLICIES,
  smallRun,
} from "./run.ts";
import { ANSWERS, because, mostAskedFor } from "./words.ts";

const TITLES = POLICIES.map((policy) => taught(policy).title);

/** The text of lesson 3. */
export default async function tooSmallBody(): Promise<string> {
  const outcomes = outcomesOf(await smallRun()).map(([outcome]) => outcome!);
  const why = because(outcomes);
  const rows: number[][] = [];
  for (const places of [1, 2, 3, 4, 6, 8, 10, 11, 12, 13]) rows.push([places, ...(await hitsWith(places))]);
  const [, loop] = await loopHits(PLACES);
  const [, loopFits] = await loopHits(LOOP.length);
  return lessonBody("too-small", {
    intro: `${prose(
      "The keys that are asked for these days are called the <b>working set</b>. If a cache has room for all of it, each key is a <b class=miss>miss</b> once, and a <b class=hit>hit</b> from then on. But memory is dear, and most caches are smaller than that. Then, whenever a new entry is fetched into a full cache, another one has to leave. This is called <b>eviction</b>.",
      "Which one leaves? The cache cannot know what will be asked for next. It follows a rule, its <b>eviction policy</b>. Here are three old ones. In each picture the entries came in the order A, B, C, D. Then A was asked for twice more: two strokes on its tile. Then E comes, and there is no room.",
    )}
<h2>Three rules</h2>
<figure class="rules of-3">
${await rule("fifo", "FIFO: first in, first out", "New entries stand in line, on the left. Nothing moves when one is asked for. The one that came first leaves: A, although it has been asked for most.", "what came first has had its time")}
${await rule("lru", "LRU: least recently used", "An entry that is asked for goes to the front. So the last in the line is the one that was asked for longest ago: B leaves.", "what was asked for lately will be asked for again")}
${await rule("clock", "CLOCK: a second round", "As FIFO, but an entry that has come to the end is looked at. If it was asked for since the last look, it goes round once more, to the front: A does. B was not asked for: it leaves.", "one look back is enough")}
</figure>`,
    expect: prose(
      `Three caches, one for each rule, get the same requests. Each has ${PLACES} places. The working set is ${KEYS.length} keys, twice as many; A is asked for most, L least. Of the next ${COUNTED} requests, how many are hits, for each rule?`,
    ),
    told: `<div class="both of-3">
${outcomes.map((outcome, i) => toldText(`${TITLES[i]}: ${outcome.hits} of ${COUNTED}`, outcome.requests, why[i]!)).join("\n")}
</div>
${prose(
  `Half of the keys fit, and yet more than half of the requests are hits: ${mostAskedFor(outcomes[0]!)} alone was asked for ${outcomes[0]!.requests.filter(({ name }) => name === mostAskedFor(outcomes[0]!)).length} times. A rule is good if entries that are asked for often need not leave. That a single request is enough to come to the front is LRU’s strength here. The next lesson shows what it costs.`,
)}`,
    change: [
      prose(
        `How much does the size matter, and how much the rule? Each point of the lines is a run of ${ALL} requests of its own, from an empty cache on.`,
      ),
      tableText(`Hits of ${ALL} requests`, ["places", ...TITLES], rows),
    ],
    question: prose(
      `A job reads the same seven files in turn, ${[...LOOP].join(" ")}, and then again from the beginning: ${LOOP_REQUESTS} requests in all. The cache has ${PLACES} places and follows LRU. How many of the ${LOOP_REQUESTS} are hits?`,
    ),
    answers: ANSWERS,
    answer: prose(
      `The run counts ${loop} hits. When G comes, A leaves, since it was asked for longest ago; and A is the very next. It takes the place of B, the next but one, and so on: each has just left when it is asked for. With one place more the same run has ${loopFits} hits: all but the first seven requests. A little too small can be as bad as no cache at all.`,
    ),
    own: {
      title: "Is your own cache too small?",
      shows: "how many reads other rules would miss, in your cache and in one twice as large",
      live: `This proxy simulates other caches on what is read from it now. Below is what each rule would miss, at your size and at twice as much. The dashboard also shows the lines of your own entries, and which would leave next (<a class="within" href="page:dashboard#inside">Inside</a>).`,
      also: `Or replay a trace with all three rules: <code>glasscache simulate your.trace --policy fifo,lru,clock</code>.`,
    },
  });
}

function rule(policy: string, title: string, says: string, belief: string): Promise<string> {
  const cache = { policy, size: 4, unit: "entries" } as const;
  return ruleText({ cache, typed: "A B C D A A E", last: 1, hasReads: true, title, says, belief });
}
