import { lessonBody } from "../../lesson/lesson-body.ts";
import { prose, tableText } from "../../lesson/page-text.ts";
import { NEW, OLD, RULES, raceAfter, raceOutcomes, SIMPLE, STORY } from "./run.ts";
import { stepsOf } from "./steps.ts";
import { ANSWERS, ruleRows } from "./words.ts";

/** The text of the lesson on writes. */
export default async function writeRaceBody(): Promise<string> {
  const simple = raceOutcomes(SIMPLE);
  const leased = raceOutcomes(RULES);
  const told = stepsOf(raceAfter(SIMPLE, STORY), STORY.length, false);
  return lessonBody("write-race", {
    intro: `${prose(
      "A cache keeps copies of what a store behind it holds, so that most who ask need not wait for the store. A copy in the cache is called an <b>entry</b>. As long as nothing changes, a copy is as good as the original. Now somebody writes. From then on the copy is <b>stale</b>: it says what was true once.",
      "Here the cache is a <b>proxy</b>. It stands between clients and the store, which is called the <b>origin</b>. Three people use it:",
    )}
<ul class="prose people">
<li><b>Ana</b> asks for the price of tea.</li>
<li><b>Ben</b> changes it from ${OLD} to ${NEW}. Once the origin has done so, it answers OK: the write is <b>acknowledged</b>.</li>
<li><b>Cleo</b> asks for the price, too.</li>
</ul>
${prose(
  `Nobody can blame a cache for an old price while the new one is still on its way. But once Ben has his OK, whoever asks <i>after that</i> should read ${NEW}.`,
  "<b>A simple proxy</b> has two rules. A question for which it has no copy goes to the origin, and the answer is kept. A write first drops the copy, then goes on to the origin. It looks safe: behind a write there is no old copy left to be read.",
)}`,
    expect: prose(
      `Ana asks first. Her answer is on its way back when Ben writes: the two pass each other on the wire. What happens then depends on what arrives when, and when Cleo asks. All that the three do can happen in ${simple.orders} different orders. After how many of them does the simple proxy hold the old price for good, although nothing is under way any more?`,
    ),
    told: `${prose(`It is ${simple.stuck} of ${simple.orders}. The order above is one of them.`)}
<noscript><ol class="prose steps">${told.map((step) => `<li>${step.told.join(" ")}</li>`).join("")}</ol></noscript>
${prose(
  `<b>The write came to drop the copy before the copy was there.</b> An answer that had been asked for before the write came in behind it, and the proxy could not see that it was older. The origin did tell it of the change, but the simple proxy does not heed that: everybody reads ${OLD} until somebody writes again. This is called a <b>race</b>. It is rare enough to pass every test, and common enough to happen every day.`,
  `<b>A lease ends it.</b> For each key the proxy has a number, the lease. A question notes the number when it is sent. A write changes the number before it goes to the origin. When an answer comes, it is kept only if the number is still the one that was noted. So Ana reads ${OLD}, as she may: she asked before anybody had been told of ${NEW}. But her answer is not kept, and Cleo’s question goes to the origin.`,
  `With leases these things can happen in ${leased.orders} orders: more of them, as questions go to the origin that a copy would have answered. The proxy’s own code has gone through all of them. In ${leased.refused} a lease was needed. Orders that leave an old price in the cache: ${noneText(leased.stuck)}. Orders in which somebody reads one after Ben’s OK: ${noneText(leased.broken)}.`,
)}`,
    change: [
      prose(
        `Now <b>you</b> decide what happens next, at each step. The proxy has its leases. It also heeds messages in which the origin tells it what has changed, for the writes that do not come through it. Try to make Cleo read ${OLD} after Ben’s OK. Then take one rule away, and try again.`,
      ),
      tableText(
        "What becomes of all orders under each rule",
        ["rules", "orders", "an old price is read after the OK", "an old price is kept for good"],
        ruleRows(),
        "All rules as a table",
      ),
    ],
    question: prose(
      "The proxy changes the lease when it sends Ben’s write to the origin. Why does it not wait until the OK comes back?",
    ),
    answers: ANSWERS,
    answer: prose(
      "The origin takes what comes over one connection in its order. A question that is sent behind the write is answered behind it, with the new price. If the lease changed only with the OK, that answer would be thrown away for nothing. Questions that were sent before the write have the old number either way.",
    ),
    own: {
      title: "Who writes on your own traffic?",
      shows:
        "how many copies were dropped because of your clients’ writes, and because of messages from the origin",
      live: `Below is what this proxy dropped: because of <b>own writes</b>, and because of messages from the origin, which are called <b>pushes</b>. The dashboard has it over time (<a class="within" href="page:dashboard#time">Time</a>).`,
      also: `Start a proxy with <code>--audit 1%</code>, and it asks the origin about one of a hundred cached answers, and counts <b>broken promises</b>.`,
    },
    playground: false,
  });
}

function noneText(count: number): string {
  return count === 0 ? "none" : String(count);
}
