import { lessonBody } from "../../lesson/lesson-body.ts";
import { prose, tableText } from "../../lesson/page-text.ts";
import { taught } from "../../lesson/policies.ts";
import { countText } from "../../parts/text.ts";
import { curvePicture, curveText } from "./curve-text.ts";
import {
  BUY,
  COMPARED,
  HAVE,
  LARGEST,
  LOOP,
  loopDistances,
  lruCurve,
  memoryRequests,
  missesWith,
  REQUESTS,
  SIZES,
} from "./run.ts";
import { ANSWERS, because, percentText, round } from "./words.ts";

/** The text of lesson 7. */
export default async function memoryBody(): Promise<string> {
  const requests = await memoryRequests();
  const curve = lruCurve(requests);
  const rows = SIZES.map((places) => [places, ...missesWith(requests, places).map(percentText)]);
  return lessonBody("memory", {
    intro: `${prose(
      "A larger cache has more of what is asked for. But how much more? Memory costs money, and misses cost time. To choose a size one must know, for <i>each</i> size, how many requests would miss. Drawn as a line it is called the <b>miss-ratio curve</b>: to the right the size, upwards the misses.",
      "It is not necessary to try all sizes. Lesson 2 counted, for a request, how many different other keys were asked for since the last request for the same key. LRU has the entry still if it has more places than that. So each request says by itself in which caches it is a hit:",
    )}
<figure>
${await curveText("A B C A B B D A")}
<figcaption class="prose">The last row counts the misses of each size. So one look at the requests gives the whole curve.</figcaption>
</figure>`,
    expect: prose(
      `Here are ${countText(REQUESTS)} requests. Half are for favourites and others, as people ask for them. Half come from a job that reads the same ${LOOP} keys in turn, again and again. The cache follows LRU. It has one place at first and grows, and the curve is drawn. At ${HAVE} places ${round(curve[HAVE]!)} of 100 requests miss. You buy twice the memory: ${BUY} places. How many of 100 miss then?`,
    ),
    told: `<noscript>${curvePicture(curve, [1, 15, HAVE, BUY, 70, LARGEST])}</noscript>${prose(
      ...because(curve, loopDistances(requests)),
      "So the same amount of memory can be worth much or nothing, and one figure, such as the misses at the present size, does not say which. <b>Look at the curve around the place where you are.</b>",
    )}`,
    change: [
      prose(
        "Is the cliff the requests’ fault, or LRU’s? The same requests with three other rules; each point is a run of its own.",
      ),
      tableText(
        "Misses of 100 requests",
        ["places", ...COMPARED.map((policy) => taught(policy).title)],
        rows,
      ),
    ],
    question: prose(
      "Two caches miss 50 of 100 requests each. At its size the curve of the first falls steeply; that of the second is flat as far as one can see, to both sides. There is one more gigabyte of memory to be had. Who gets it?",
    ),
    answers: ANSWERS,
    answer: prose(
      "Where a curve is steep, each further place turns misses into hits. Where it is flat, places can be taken away without harm, and the other cache can use them. How high the curve is does not matter for that, only how it goes on.",
    ),
    own: {
      title: "Where are you on your own curve?",
      shows: "the curves of your own reads, with a mark where you are, and a slider for the size",
      live: `Below are the curves of what is read from this proxy now. The ring is your cache as it is; move the slider. The dashboard has more of it, and can change the policy (<a class="within" href="page:dashboard#what-if">What if</a>).`,
      also: `Or replay a trace: <code>glasscache simulate your.trace --mrc</code> makes LRU’s curve at one look, as above.`,
    },
  });
}
