import { type Command, command } from "../commands/command.ts";
import { SYNTAX_ERROR } from "../commands/command-errors.ts";
import type { Question } from "../instruments/questions.ts";
import { HOT_BY, type HotBy } from "../instruments/view.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ProxyContext } from "./context.ts";
import { writeReport } from "./report-reply.ts";

const NO_INSTRUMENTS = "ERR there are no instruments: the proxy was started with --instruments off";
/** How many keys or families to tell, unless the client says. */
const USUAL_COUNT = 10;
const MOST_COUNT = 1000;

/** The commands by which a client asks the instruments. The same reports as at the admin port. */
export const instrumentCommands: readonly Command<ProxyContext>[] = [
  command(
    "glass.whatif",
    "GLASS.WHATIF [RESET]: tells the miss ratios of other policies and sizes on the present traffic, each with its " +
      "error. RESET begins to count anew.",
    (session, request, reply) => {
      if (request.count === 1) ask(session, { kind: "what-if" }, reply);
      else if (isWord(request, 1, "reset")) ask(session, { kind: "reset-what-if" }, reply);
      else reply.error(SYNTAX_ERROR);
    },
  ),
  command(
    "glass.hotkeys",
    "GLASS.HOTKEYS [RATE|BYTES|MISSES|ORIGIN-TIME|SIZE] [count]: tells the keys with the most requests, bytes served, " +
      "misses or time of the origin, or the largest values.",
    (session, request, reply) => {
      const by = request.count > 1 ? request.text(1).toLowerCase() : "rate";
      if (!isHotBy(by)) reply.error(`ERR not a figure to sort by: one of ${HOT_BY.join(", ")}`);
      else withCount(request, 2, reply, (count) => ask(session, { kind: "hot-keys", by, count }, reply));
    },
  ),
  command(
    "glass.families",
    "GLASS.FAMILIES [count]: tells requests, hit ratio, memory and times to live of the busiest families of keys.",
    (session, request, reply) =>
      withCount(request, 1, reply, (count) => ask(session, { kind: "families", count }, reply)),
  ),
  command(
    "glass.mark",
    "GLASS.MARK text: marks this moment in the history with a text of up to 200 characters, such as a deployment.",
    (session, request, reply) => {
      const words = Array.from({ length: request.count - 1 }, (_, index) => request.text(index + 1));
      ask(session, { kind: "mark", text: words.join(" ") }, reply);
    },
  ),
  command(
    "glass.watch",
    "GLASS.WATCH [pattern | OFF pattern]: follows a key, or keys that match a glob, so that GLASS.EXPLAIN tells all " +
      "that happens to them. Without a pattern, tells what is watched.",
    (session, request, reply) => {
      if (request.count === 1) ask(session, { kind: "watched" }, reply);
      else if (request.count === 2) ask(session, { kind: "watch", pattern: request.text(1) }, reply);
      else if (isWord(request, 1, "off")) ask(session, { kind: "unwatch", pattern: request.text(2) }, reply);
      else reply.error(SYNTAX_ERROR);
    },
  ),
];

function ask(session: ProxyContext, question: Question, reply: ReplyWriter): void {
  const { instruments } = session.proxy;
  if (instruments === undefined) {
    reply.error(NO_INSTRUMENTS);
    return;
  }
  const answer = session.answerLater();
  instruments.ask(question, (told) =>
    answer((late) => {
      if ("error" in told) late.error(`ERR ${told.error}`);
      else if (told.report === undefined) late.ok();
      else writeReport(late, told.report);
    }),
  );
}

function withCount(request: Request, index: number, reply: ReplyWriter, then: (count: number) => void): void {
  if (request.count > index + 1) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const count = request.count > index ? Number(request.text(index)) : USUAL_COUNT;
  if (Number.isInteger(count) && count >= 1 && count <= MOST_COUNT) then(count);
  else reply.error(`ERR the count must be a whole number from 1 to ${MOST_COUNT}`);
}

function isHotBy(text: string): text is HotBy {
  return (HOT_BY as readonly string[]).includes(text);
}

function isWord(request: Request, index: number, word: string): boolean {
  return request.text(index).toLowerCase() === word;
}
