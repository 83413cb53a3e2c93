import { lessonBody } from "../../lesson/lesson-body.ts";
import { prose, tableText } from "../../lesson/page-text.ts";
import { timeText } from "../../model/time-text.ts";
import { CHANGES_AFTER_MS, CUT_WIRE, cutWireFacts, NEW, OLD, worstOldForMs } from "./run.ts";
import { ANSWERS, because, failureRows, SLOW_BEAT } from "./words.ts";

const STEP_OF_SLOW_MS = 50;

/** The text of the lesson on lost connections. */
export default async function cutWireBody(): Promise<string> {
  const { heartbeatMs, heartbeatTimeoutMs, failsAtMs } = CUT_WIRE;
  const facts = cutWireFacts(CUT_WIRE);
  const busy = { ...CUT_WIRE, failure: "busy" as const };
  const noEpochs = { ...CUT_WIRE, heedsLosses: false };
  const slow = cutWireFacts(SLOW_BEAT);
  return lessonBody("cut-wire", {
    intro: `${prose(
      "A cache keeps copies of what a store behind it holds, the <b>origin</b>. Here the cache is a <b>proxy</b>, which stands between clients and origin. When something changes at the origin, the origin sends the proxy a message, and the proxy drops its copy. So the copies are right as long as messages arrive.",
      "What if they do not, because the wire is cut? If the proxy is told, as when somebody hangs up the telephone, it knows that it may have missed something. But a wire can also die without a word: a firewall has forgotten the connection, or a cable was pulled out far away. Then no message comes any more. <b>To the proxy this looks just like an origin at which nothing changes.</b>",
    )}
<h2>Three rules</h2>
${prose(
  `<b>Heartbeat.</b> Every ${timeText(heartbeatMs)} the proxy asks the origin for a sign of life, over the same connection that brings the messages. What is sent first arrives first. So whatever had changed when the origin answered, its message has arrived when the answer arrives.`,
  `<b>Silence.</b> If a heartbeat has no answer within ${timeText(heartbeatTimeoutMs)}, the proxy serves nothing from its cache any more. Copies might be old.`,
  "<b>Epoch.</b> If the connection turns out to be lost, a new one takes its place, and a new epoch begins: all copies that came over the old connection count no more, at one stroke.",
)}`,
    expect: prose(
      `Tea costs ${OLD}. The proxy has a copy of the price, and a client reads it ten times a second. After ${timeText(failsAtMs)} the wire dies without a word, and ${timeText(CHANGES_AFTER_MS)} later the price becomes ${NEW}. For how many seconds will clients still read ${OLD}?`,
    ),
    told: prose(
      because(facts, CUT_WIRE),
      `<b>At worst.</b> How long it takes depends on when the wire dies. Here it died ${timeText(heartbeatMs - (failsAtMs % heartbeatMs))} before the next heartbeat. For the worst case this run was repeated with a wire that dies at other moments between two heartbeats: the old price was read for up to ${timeText(worstOldForMs(CUT_WIRE))}.`,
      `<b>Why the epoch?</b> Without it the proxy would connect again, and go on with its copies. In the same run clients would read ${OLD} for ${timeText(cutWireFacts(noEpochs).oldForMs)}, which is until the run ends: the message about ${NEW} was lost, and is not sent again.`,
      `<b>What it costs.</b> Silence does not say why. ${because(cutWireFacts(busy), busy)}`,
      `So this is <b>promised</b>: no hit is more than ${timeText(facts.boundMs)} behind the origin, whatever happens to the wire. It is <b>not</b> promised that a hit is never old, nor that each read has an answer at once: while nothing can be proven, reads wait for the origin.`,
    ),
    change: [
      prose(
        "How the wire fails, when, and how often the proxy asks: each change is a new run. Try to make the old price last longer than the promise. Then take the epoch away.",
      ),
      tableText(
        "What each failure leads to",
        ["what happens", "old price read for", "noticed after", "longest wait", "reads that failed"],
        failureRows(),
        "All failures as a table",
      ),
    ],
    question: prose(
      `Another proxy asks for a sign of life every ${timeText(SLOW_BEAT.heartbeatMs)}, and waits ${timeText(SLOW_BEAT.heartbeatTimeoutMs)} for the answer. By how much can a price that it serves from its cache be behind the origin, at most?`,
    ),
    answers: ANSWERS,
    answer: prose(
      `An answer proves that nothing was missing when its question was sent. That must do until the next question, which is ${timeText(SLOW_BEAT.heartbeatMs)} later, and for the ${timeText(SLOW_BEAT.heartbeatTimeoutMs)} that its answer may take: ${timeText(slow.boundMs)} together. With a wire that dies at moments all over one beat, the old price was read for up to ${timeText(worstOldForMs(SLOW_BEAT, STEP_OF_SLOW_MS))}.`,
    ),
    own: {
      title: "How old could an answer be on your own traffic?",
      shows: "each connection to the origin, with the time since its last proof",
      live: `Below is each connection of this proxy to its origin, with the time since its last proof on a line that ends at the bound, and how often it was lost. The dashboard counts how often all copies were dropped at one stroke: <b>Emptied</b> (<a class="within" href="page:dashboard#coherence">Coherence</a>).`,
      also: `<code>--heartbeat</code> and <code>--heartbeat-timeout</code> set the two times: a shorter silence means fresher copies, and an origin that is busy is sooner taken for a dead one.`,
    },
    playground: false,
  });
}
