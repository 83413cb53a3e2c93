import { lessonBody } from "../../lesson/lesson-body.ts";
import { castText, prose, ruleText, tableText, toldText } from "../../lesson/page-text.ts";
import { taught } from "../../lesson/policies.ts";
import { outcomesOf } from "../../lesson/staged-run.ts";
import { countText, numberText } from "../../parts/text.ts";
import {
  AFTER,
  COMPARED,
  hitsAtPace,
  LONG,
  LONG_KEYS,
  LONG_PLACES,
  leftovers,
  moveRun,
  PACES,
  PLACES,
} from "./run.ts";
import { ANSWERS, because, paceText } from "./words.ts";

/** The text of lesson 5. */
export default async function popularityBody(): Promise<string> {
  const run = await moveRun();
  const outcomes = outcomesOf(run);
  const yesterday = outcomes.map(([row]) => row!);
  const today = outcomes.map(([, row]) => row!);
  const why = because(yesterday, today, leftovers(run));
  const rows: string[][] = [];
  let still: readonly number[] = [];
  let fast: readonly number[] = [];
  for (const pace of PACES) {
    const hits = await hitsAtPace(pace);
    if (pace === PACES[0]) fast = hits;
    still = hits;
    rows.push([paceText(pace), ...hits.map((each) => numberText(each, 1))]);
  }
  return lessonBody("popularity", {
    intro: `${prose(
      "Which entry should leave a full cache? The one that is asked for least, one would think. So the cache counts: each request adds one to the count of its entry, and the lowest count leaves. This rule is called LFU, <i>least frequently used</i>. A visitor who comes once can do no harm to it.",
      "But what people want changes: yesterday’s news, last week’s match, the song of the summer. What does a cache do then that remembers how often each entry was asked for?",
    )}
${castText([
  ["A", "a letter is asked for again and again; a stroke for each read, four at most"],
  ["7", "a number is asked for once: a <b>stranger</b>"],
])}
<h2>A count that nobody takes back</h2>
<figure class="rules">
${await rule("lfu", "LFU: least frequently used", "A and B were asked for five times each, and stay. Then only X and Y are asked for, in turn. Each has a count of one when the other comes, and leaves. Six requests, six misses.", "what was asked for often will be asked for often")}
${await rule("lfu-da", "LFU-DA: with aging", "The same, but a newcomer’s count does not begin at one: it begins one above that of the entry that has just left. So newcomers come in higher and higher, and old counts sink by comparison, until A leaves.", "what was asked for often will be asked for often, for a while")}
</figure>`,
    expect: prose(
      `Three caches of ${PLACES} places: LFU, LFU-DA, and LRU, which only looks at how long ago an entry was asked for. Yesterday A to F were the favourites, and you see the end of that day. At midnight taste changes: from then on U to Z are asked for, and nobody wants A to F any more. Of the first ${AFTER} requests of the new day, how many are hits?`,
    ),
    told: `<div class="both of-3">
${today.map((outcome, i) => toldText(`${taught(outcome.policy).title}: ${outcome.hits} of ${AFTER}`, outcome.requests, why[i]!)).join("\n")}
</div>
${prose(
  "So there are two ways to be wrong about the future: to forget what is still true, and to remember what no longer is. <b>How fast a rule should forget depends on how fast popularity moves</b>, and no rule knows that beforehand.",
  "But it can be tried out. W-TinyLFU, another policy, has two parts: a <i>window</i>, in which newcomers are welcome as in LRU, and a main part, which an entry enters only if it was asked for more often than the one that it would push out. Which share should the window have? It <b>climbs</b>: it makes the window a little larger and looks whether there are more hits. If so, it goes on; if not, it turns back. As somebody finds the top of a hill in the fog, by feeling which way is up.",
)}`,
    change: [
      prose(
        `How fast may popularity move? Larger caches now: ${LONG_PLACES} places for ${countText(LONG_KEYS)} keys, ${countText(LONG)} requests each. After so many requests a new key becomes the favourite, and all others fall back by one.`,
      ),
      tableText(
        `Hits of 100 requests`,
        ["a new favourite", ...COMPARED.map((policy) => taught(policy).title)],
        rows,
      ),
    ],
    question: prose(
      "A dictionary on the web: some words are looked up often, most hardly ever, and that is the same every day of the year. Strangers come, too: somebody who reads through a whole page of rare words. Which of these three rules suits it best: LRU, LFU-DA or LFU?",
    ),
    answers: ANSWERS,
    answer: prose(
      `If popularity does not move, a long memory is never wrong, and strangers cannot get at it. Where no new favourite comes, at the right end of the slider above, LFU has ${numberText(still[1]!)} hits of 100, LFU-DA ${numberText(still[2]!)} and LRU ${numberText(still[0]!)}. Where one comes every ${PACES[0]} requests, at the left end, it is ${numberText(fast[1]!)}, ${numberText(fast[2]!)} and ${numberText(fast[0]!)}. The same rule is the best and the worst.`,
    ),
    own: {
      title: "Does popularity move in your own traffic?",
      shows: "what LRU, W-TinyLFU and other rules would miss of your reads",
      live: `This proxy simulates other rules on what is read from it now. If LRU is ahead of W-TinyLFU below, which counts, popularity moves fast. The dashboard has all sizes (<a class="within" href="page:dashboard#what-if">What if</a>).`,
      also: `Or replay a trace: <code>glasscache simulate your.trace --policy lru,lfu,lfu-da,w-tinylfu-climb</code>.`,
    },
  });
}

function rule(policy: string, title: string, says: string, belief: string): Promise<string> {
  const cache = { policy, size: 3, unit: "entries" } as const;
  const typed = "A A A A A B B B B B C X Y X Y X Y";
  return ruleText({ cache, typed, last: 6, hasReads: true, title, says, belief });
}
