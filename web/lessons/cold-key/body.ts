import { lessonBody } from "../../lesson/lesson-body.ts";
import { barsText, prose, tableText } from "../../lesson/page-text.ts";
import { timeText } from "../../model/time-text.ts";
import { numberText } from "../../parts/text.ts";
import { ALONE, bothAt, COLD_KEY, type ColdKeyFacts, coldKeyFacts, LATENCIES_MS } from "./run.ts";
import { ANSWERS, because } from "./words.ts";

/** The connection breaks while the first question is under way. */
const BROKEN = { ...COLD_KEY, breaksAtMs: 30 };
const LONGEST_PX = 200;

/** The text of the lesson on coalescing. */
export default async function coldKeyBody(): Promise<string> {
  const { clients, withinMs, latencyMs, serviceMs } = COLD_KEY;
  const [alone, together] = bothAt(latencyMs);
  const [twiceAlone, twiceTogether] = [ALONE, COLD_KEY].map((settings) =>
    coldKeyFacts({ ...settings, clients: 2 * clients }),
  ) as [ColdKeyFacts, ColdKeyFacts];
  const bar = (title: string, name: string, value: number, most: number, text: string) => ({
    ...{ title, name, text },
    px: Math.max(1, Math.round((LONGEST_PX * value) / most)),
  });
  const questions = (title: string, name: string, facts: ColdKeyFacts) =>
    bar(title, name, facts.questions, alone.questions, numberText(facts.questions));
  const waits = (title: string, name: string, facts: ColdKeyFacts) =>
    bar(title, name, facts.waitsMs.at(-1)!, alone.waitsMs.at(-1)!, timeText(facts.waitsMs.at(-1)));
  return lessonBody("cold-key", {
    intro: `${prose(
      "A cache keeps a copy of what was fetched, so that the next who ask for it have it at once. That is a hit. Whoever asks for what is not there has a miss, and must wait until it is fetched from the store behind the cache, the <b>origin</b>. So of many requests for one key only the first should be a miss.",
      `But clients do not queue up to ask one after the other. Think of the front page of a news site. Everybody asks for it, and now its copy has been thrown away, because somebody has changed the page. Its key is <b>cold</b>. Within the next ${withinMs} thousandths of a second (${timeText(withinMs)}), ${numberText(clients)} clients ask for it. The way to the origin takes ${timeText(latencyMs)}, and as long back. The origin takes ${numberText(serviceMs, 1)} ms for each command, one after the other; a question is two commands, what the page says and how long that may be kept.`,
    )}
<h2>Two proxies</h2>
${prose(
  "The cache is a <b>proxy</b>, which stands between clients and origin. Here are two of them.",
  "<b>Every miss asks.</b> A client that misses has its own question sent to the origin.",
  "<b>Misses share a question.</b> On a miss the proxy first looks whether the very same question is on its way already. If so, it sends nothing: the client waits for that answer, too. This is called <b>coalescing</b>.",
)}`,
    expect: prose(
      `Both proxies get the same ${numberText(clients)} clients, at the same moments. How many of the clients will have asked the origin in the end, where every miss asks?`,
    ),
    told: `<h3>Questions to the origin</h3>
${barsText([questions("every miss asks", "miss", alone), questions("misses share", "coalesced", together)])}
<h3>The longest that a client waited</h3>
${barsText([waits("every miss asks", "miss", alone), waits("misses share", "coalesced", together)])}
${prose(
  `<b>Every miss asks.</b> ${because(alone, ALONE)}`,
  `<b>Misses share.</b> ${because(together, COLD_KEY)}`,
  `<b>And if it goes wrong?</b> Many now depend on one question. In a further run the wire breaks ${timeText(BROKEN.breaksAtMs)} after the beginning. ${because(coldKeyFacts(BROKEN), BROKEN)}`,
)}`,
    change: [
      prose(
        "How far away is the origin? Each point of the two lines is a whole run with the same clients. Only the way is longer or shorter.",
      ),
      tableText(
        `Questions to the origin of ${numberText(clients)} clients, over the way there`,
        ["way there", "every miss asks", "misses share", "longest wait", "longest wait, shared"],
        LATENCIES_MS.map((ms) => {
          const both = bothAt(ms);
          return [
            timeText(ms),
            ...both.map((facts) => numberText(facts.questions)),
            ...both.map((facts) => timeText(facts.waitsMs.at(-1))),
          ];
        }),
      ),
    ],
    question: prose(
      `Twice as many clients come, ${numberText(2 * clients)} in the same ${timeText(withinMs)}. The origin is as far away as in the run. How many questions does it get?`,
    ),
    answers: ANSWERS,
    answer: prose(
      `The first answer is back after ${timeText(twiceAlone.firstMs)}, however many come. Where every miss asks, the number of questions is the number of clients who come until then: ${numberText(twiceAlone.questions)} in this run, and ${numberText(alone.questions)} before. It grows with the crowd and with the way. Where misses share, it is ${numberText(twiceTogether.questions)}: the others only wait. So coalescing protects the origin best at the moment at which it is needed most.`,
    ),
    own: {
      title: "Do misses meet on your own traffic?",
      shows: "how many misses waited for another’s question",
      live: `This proxy always lets misses share. Below is how many waited for another’s question, and how many of all misses they are. The dashboard has it beside the slow requests (<a class="within" href="page:dashboard#coherence">Coherence</a>).`,
    },
    playground: [
      "This crowd in the playground",
      ": one client after the other. Under <i>Time, origin and writes</i> you can switch coalescing off, and count what the origin gets.",
    ],
  });
}
