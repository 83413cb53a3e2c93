import { lessonBody } from "../../lesson/lesson-body.ts";
import { barsText, prose, tableText } from "../../lesson/page-text.ts";
import { taught } from "../../lesson/policies.ts";
import { countText } from "../../parts/text.ts";
import { recordedRequests } from "./recording.ts";
import { recordingText } from "./recording-text.ts";
import {
  BUY,
  firstsOf,
  HAVE,
  missesAt,
  missesSoFar,
  POLICIES,
  REPLAYED,
  readsIn,
  SIZES,
  STEPS,
  TRACE,
} from "./run.ts";
import { ANSWERS, because, round, titleOf } from "./words.ts";

const PX_A_MISS = 1.7;

/** The text of the lesson on the reader's own traffic. */
export default async function ownTrafficBody(): Promise<string> {
  const blob = await (await fetch(new URL(`../../traces/${TRACE.file}`, import.meta.url))).blob();
  const requests = await recordedRequests(blob);
  const [lru, s3, large] = REPLAYED.map((cache) => missesSoFar(requests, cache)[STEPS]!);
  const misses = SIZES.map((size) => missesAt(requests, size));
  const best = misses[SIZES.indexOf(HAVE)]![POLICIES.indexOf("belady")]!;
  const firsts = firstsOf(requests);
  const bars = [
    ...REPLAYED.map((cache, i) => [titleOf(cache), [lru!, s3!, large!][i]!] as const),
    [`Belady, ${HAVE} places`, best] as const,
    ["first requests", firsts] as const,
  ].map(([title, of100]) => ({
    title,
    text: String(round(of100)),
    px: round(PX_A_MISS * of100),
    name: "longest",
  }));
  return lessonBody("own-traffic", {
    intro: `${prose(
      "The lessons before had requests that were made up to show something. Yours are different, and nobody can tell from outside which cache suits them. But one can try: write down for a while what is asked for, and let caches that do not exist yet answer it. Nothing in your system has to change for that.",
    )}
<h2>Three steps</h2>
<figure class="rules of-3">
${stepText("1. Record", "glasscache proxy --record traffic.rec", "The proxy in front of your store writes down which key is asked for, when, and how large its value is: some 12 bytes a request, and no values. Or take what you have: an access log, or what <code>MONITOR</code> prints at a Redis.")}
${stepText("2. Replay", "glasscache simulate traffic.rec", "The simulator reads it, and plays it to as many caches as you like, each with its own rule and size. Millions of requests take a second. Or drop the file onto the playground: it does not leave your browser.")}
${stepText("3. Choose", "--policy lru,s3-fifo --size 100,800", "A table shows how many requests would have missed in each cache. You look for the size beyond which more memory gains little, and for the rule that does best there.")}
</figure>
${await recordingText(requests)}`,
    expect: prose(
      `Here is a recording of ${countText(readsIn(requests))} reads of ${countText(requests.workingSet.objects)} keys. Glasscache’s proxy made it while <code>glasscache demo</code> ran: popular keys, a scan, popularity that moves. Say it were yours, and your cache followed LRU with ${HAVE} places. It misses ${round(lru!)} of 100 reads. You can set another rule, S3-FIFO. Or you can pay for ${BUY / HAVE} times the memory, ${BUY} places. How many reads would miss?`,
    ),
    told: `${barsText(bars)}${prose(
      ...because([lru!, s3!, large!], firsts, best),
      "None of this could be said without the recording, and for another one the figures are others.",
    )}`,
    change: [
      prose(
        "You choose. Each point is the whole recording, replayed through a cache of that size. Where does more memory stop paying? And which rule is the best there?",
      ),
      tableText(
        "Misses of 100 reads",
        ["places", ...POLICIES.map((policy) => taught(policy).title)],
        SIZES.map((size, i) => [size, ...misses[i]!.map(round)]),
      ),
    ],
    question: prose(
      "You record your own traffic for one minute and replay it. Whatever the rule and the size, some 90 of 100 requests miss, with Belady too. What do you do?",
    ),
    answers: ANSWERS,
    answer: prose(
      "The first request for a key is always a miss, as in lesson 1. In a short recording nearly all requests are first ones, and they hide what a cache is worth. The simulator’s first line tells how many keys there were: compare that with the number of requests, and record until most keys have come more than once.",
    ),
    own: {
      title: "And now your own",
      shows: "your own reads replayed all the time, through other rules and sizes",
      live: `This proxy replays what is read from it all the time, through other rules and sizes, with an error for each figure. Here they are; move the slider. The dashboard has more of it, and can change the policy (<a class="within" href="page:dashboard#what-if">What if</a>).`,
      also: `To take time over it, record: <a class="within" href="page:doc-choosing">Choosing a policy and a size</a> goes through the three steps with a web shop’s day, says how to read the tables, and how to check that a choice lasts. Add <code>--writes drop</code> if your writes remove entries, as the proxy’s do; it was on here.`,
    },
    playground: ["This recording in the playground", ". Drop your own file there in its place."],
  });
}

function stepText(title: string, command: string, says: string): string {
  return `<div><h3>${title}</h3><p><code>${command}</code></p>${prose(says)}</div>`;
}
