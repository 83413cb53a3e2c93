import { lessonBody } from "../../lesson/lesson-body.ts";
import { prose, tableText } from "../../lesson/page-text.ts";
import { timeText } from "../../model/time-text.ts";
import { numberText, percentText } from "../../parts/text.ts";
import { herdPicture, lifePicture } from "./herd-text.ts";
import { JITTERS, LIFE_MS, PAGE, quietWaitMs, readsOf, TIME_TO_LIVE, timeToLiveFacts } from "./run.ts";
import { ANSWERS, because } from "./words.ts";

/** The text of the lesson on expiry. */
export default async function timeToLiveBody(): Promise<string> {
  const { keys, readsPerSecond, ttlMs } = TIME_TO_LIVE;
  const runs = JITTERS.map((jitter) => timeToLiveFacts({ ...TIME_TO_LIVE, jitter }));
  const facts = runs[0]!;
  const reads = readsOf(TIME_TO_LIVE, PAGE, LIFE_MS);
  const misses = reads.filter(({ isHit }) => !isHit).length;
  const rows = runs.map(({ most, average, longestWaitMs, hitRatio }, i) => [
    i === 0 ? timeText(ttlMs) : `up to ${100 * JITTERS[i]!} % less`,
    numberText(most),
    numberText(average),
    timeText(longestWaitMs),
    percentText(hitRatio, 0),
  ]);
  return lessonBody("time-to-live", {
    intro: `${prose(
      "A cache answers with copies. The original may change meanwhile, and then the copy is old. The simplest remedy: each entry gets a <b>time to live</b>. When it is over the entry <b>expires</b>: the cache forgets it, and whoever asks next is a miss and gets a fresh copy from the <b>origin</b>, the store behind the cache.",
      `Here is one page of a web site over ${LIFE_MS / 1000} seconds. Its entry lives ${timeText(ttlMs)}:`,
    )}
<figure>
${lifePicture(reads, ttlMs, LIFE_MS)}
<figcaption class="prose">${reads.length} reads, and the origin was asked ${misses} times: a <b class="miss">#</b> is a miss, which fetches the page, a <b class="hit">|</b> a hit. The bar is the time in which the entry is there.</figcaption>
</figure>`,
    expect: prose(
      `Now the whole site: ${numberText(keys)} pages, and ${numberText(readsPerSecond)} reads a second, each for any of them. The cache has just been started, and a job fills it: it asks for every page once, within the first second. Each entry lives ${timeText(ttlMs)}. So each page must be fetched anew about every ${timeText(ttlMs)}: ${numberText((1000 * keys) / ttlMs)} questions a second to the origin, on average. How many are there in the busiest second, once the entries begin to expire?`,
    ),
    told: `<noscript>${herdPicture(facts.questions)}</noscript>${prose(...because(facts, TIME_TO_LIVE))}`,
    change: [
      prose(
        `Let each entry live a little less than ${timeText(ttlMs)}: by a share that is drawn at random for each one. That is called <b>jitter</b>. With 20 % an entry lives ${timeText(0.8 * ttlMs)} to ${timeText(ttlMs)}. Each place of the slider is a run of its own, with the same readers.`,
      ),
      tableText(
        "The origin with more and more jitter",
        ["time to live", "busiest second", "average second", "longest wait", "hits of 100"],
        rows,
      ),
    ],
    question: prose(
      `One page alone is asked for a thousand times a second, and expires. Fetching it takes ${timeText(quietWaitMs(TIME_TO_LIVE))}, so ${numberText(quietWaitMs(TIME_TO_LIVE))} further readers find it missing in the meantime. Each of them could ask the origin, too. What keeps that from happening?`,
    ),
    answers: ANSWERS,
    answer: prose(
      "Two herds have two remedies. Many entries that expire together are kept apart by jitter. Many readers of one entry are brought together: the first one asks, the others wait for its answer. This is called coalescing; the proxy does it, and so did the cache above.",
    ),
    own: {
      title: "Is there a herd in your own traffic?",
      shows: "how many entries expire each second, and your misses over the last ten minutes",
      live: `Below is how many entries expire, and how many reads miss, over the last ten minutes. Peaks at equal distances are herds: measure the distance, and you know whose time to live it is. The dashboard has two days (<a class="within" href="page:dashboard#time">Time</a>).`,
      also: `The remedy is where the time is set, in your application: a value that it writes to the origin with <code>EX 600</code> gets, with a jitter of 20 %, a random number of seconds from 480 to 600.`,
    },
    playground: [
      "A herd in the playground",
      ", with requests of its own. Set <i>jitter</i> there, and play it again.",
    ],
  });
}
