import { lessonBody } from "../../lesson/lesson-body.ts";
import { prose, tableText } from "../../lesson/page-text.ts";
import { timeText } from "../../model/time-text.ts";
import { lotsText } from "./lots-text.ts";
import { outcomesOf, PLUG_MS, PLUGS_MS, WRITE_EVERY_MS, WRITES } from "./run.ts";
import { ANSWERS, because, lossText, rulesSay, titleOf } from "./words.ts";

/** Every so many of the moments have a row. */
const ROW_EVERY = 4;

/** The text of the lesson on rules for writes. */
export default async function writeRulesBody(): Promise<string> {
  const outcomes = outcomesOf(PLUG_MS);
  const told = outcomes.map(({ settings, facts, lots }) => {
    const title = titleOf(settings.rule);
    return `<div><h3>${title}</h3>${lotsText(title, lots)}${prose(because(facts, settings), lossText(facts))}</div>`;
  });
  const rows = PLUGS_MS.filter((_, i) => i % ROW_EVERY === 0).map((ms) => [
    timeText(ms),
    ...outcomesOf(ms).map(({ facts }) => facts.lost),
  ]);
  return lessonBody("write-rules", {
    intro: `${prose(
      "So far everybody has read. Now somebody writes: a new value for a key. It has to get to the <b>origin</b>, the store that keeps everything for good. A cache keeps copies in memory, and memory is empty after a power cut. What does a cache do with a write? There are three rules. In each, look for the moment in which the client is told that all is well: the write is <b>confirmed</b>.",
    )}
<h2>Three rules</h2>
<figure class="rules of-3">
${ruleText("around", ["The client writes.", "The cache passes it on to the origin, and drops its own copy, which is old now.", "The origin has it. <b>The client is told.</b>", "The next reader fetches the new value."])}
${ruleText("through", ["The client writes.", "The cache passes it on to the origin, and fetches the new value behind it.", "The origin has it. <b>The client is told.</b>", "The next reader finds the new value in the cache."])}
${ruleText("back", ["The client writes.", "The cache keeps it. <b>The client is told.</b>", "The next reader finds the new value in the cache.", "Some time later the cache passes on what has gathered, and the origin has it."])}
</figure>`,
    expect: prose(
      `An auction with six lots, A to F. Every ${WRITE_EVERY_MS} ms there is a bid for one of them, a higher one than before: bid 1, bid 2, bid 3. The same bids come to three caches, each with its own rule. The cache that writes back passes on what has gathered every ${timeText(WRITES.flushMs)}, counted from the first bid. After ${timeText(PLUG_MS)} somebody pulls the plug of all three. The origin goes on. How many confirmed bids are lost?`,
    ),
    told: `<div class="both of-3">
${told.join("\n")}
</div>
${prose(
  rulesSay(outcomesOf(undefined)),
  "<b>A write is as safe as the place that it had reached when it was confirmed.</b> Glasscache’s proxy writes around: it says OK when the origin has said OK, so its power can be cut at any moment. It has no write-back.",
)}`,
    change: [
      prose(
        "You pull the plug. Choose the moment: the line shows how many confirmed bids are lost then, the tables which.",
      ),
      tableText(
        "Confirmed bids that are lost",
        ["plug pulled after", ...outcomes.map(({ settings }) => titleOf(settings.rule))],
        rows,
      ),
    ],
    question: prose(
      "One key counts how often a page was viewed: a thousand views a second, each of them a write. The origin bears a hundred writes a second. If the count is a second behind after a power cut, nobody minds. Which rule?",
    ),
    answers: ANSWERS,
    answer: prose(
      "Of a thousand values within a second the last is enough, and only writing back leaves the others out: one write a second reaches the origin. The price is at most that one second. It would be the wrong rule for the auction. So the question is never which rule is best, but what may be lost.",
    ),
    own: {
      title: "What do writes do to your own cache?",
      shows: "how many keys your clients write, beside how many they read",
      live: `Glasscache’s proxy writes around: a write drops the copy. Below is how many copies were dropped for that, beside how many keys were read. The dashboard has it over time (<a class="within" href="page:dashboard#time">Time</a>).`,
      also: `What writing through would gain on your own traffic, a recording tells: <code>glasscache simulate your.rec --writes store</code>, and then the same with <code>--writes drop</code>.`,
    },
    playground: [
      "Writing back in the playground",
      ": <i>not yet written</i> is what a power cut would lose at that moment. Set another rule for writes there.",
    ],
  });
}

function ruleText(rule: "around" | "through" | "back", steps: readonly string[]): string {
  const items = steps.map((step) => `<li>${step}</li>`);
  return `<div><h3>${titleOf(rule)}</h3><ol class="steps">${items.join("")}</ol></div>`;
}
