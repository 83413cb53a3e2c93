import type { Answer, Happening, MoveAbout, Request } from "./happenings.ts";
import { timeText } from "./time-text.ts";

/** Returns what a version of a key says; undefined: the key did not exist. */
export type TextOf = (version: number) => string | undefined;

/** Returns the texts of all versions that a log knows of. */
export function textsOf(happenings: readonly Happening[]): TextOf {
  const texts = new Map<number, string>();
  for (const one of happenings) {
    if (one.what === "changed") texts.set(one.version, one.text);
    // As long as the origin does not have it, a write is known by its own number.
    else if (one.what === "wrote") texts.set(-one.write, one.text);
  }
  return (version) => texts.get(version);
}

/** Says what would happen next, as a choice. */
export function moveText(about: MoveAbout, textOf: TextOf): string {
  return sentenceStart(moveWords(about, textOf));
}

function moveWords(about: MoveAbout, textOf: TextOf): string {
  switch (about.kind) {
    case "act": {
      const { client, action } = about;
      if (action.kind === "read") return `${client} asks for ${action.key}`;
      const where = action.past === true ? ", at the origin, past the proxy" : "";
      return `${client} writes ${action.key} = ${action.text}${where}`;
    }
    case "arrive":
      return `${requestsText(about.requests)} reaches the origin`;
    case "execute":
      return `The origin executes ${requestText(about.request)}`;
    case "deliver":
      return `${answersText(about.answers, textOf)} reaches the proxy`;
    case "notice":
      return "The proxy notices that the connection has ended";
    case "timer":
      return `A timer of ${about.owner} runs out`;
  }
}

/** Names what is in a frame of requests. The two commands of a question are one thing. */
function requestsText(requests: readonly Request[]): string {
  const main = requests.filter(({ command }) => command !== "pttl");
  return (main.length === 0 ? requests : main).map(requestText).join(" and ");
}

function requestText(request: Request): string {
  switch (request.command) {
    case "set":
      return `the write ${request.key} = ${request.text}`;
    case "get":
      return `the question for ${request.key}`;
    case "pttl":
      return `the question how long ${request.key} lives`;
    case "ping":
      return "the heartbeat";
    case "track":
      return "the request to be told of changes";
  }
}

/** Names what is in a frame of answers. */
function answersText(answers: readonly Answer[], textOf: TextOf): string {
  const main = answers.filter((answer) => answer.kind === "push" || answer.to.command !== "pttl");
  const names = (main.length === 0 ? answers : main).map((answer) => answerText(answer, textOf));
  return names.join(" and ");
}

function answerText(answer: Answer, textOf: TextOf): string {
  if (answer.kind === "push") return `the message that ${answer.key} has changed`;
  const { to, version } = answer;
  switch (to.command) {
    case "set":
      return `the OK for ${to.key} = ${to.text}`;
    case "get":
      return `the answer ${stateText(to.key, version, textOf)}`;
    case "pttl":
      return `the answer how long ${to.key} lives`;
    case "ping":
      return "the heartbeat’s answer";
    case "track":
      return "the consent to tell of changes";
  }
}

/**
 * Says what has happened; empty: nothing that a reader needs.
 * @param hasLeases whether the reader has heard of leases
 */
export function happeningText(one: Happening, textOf: TextOf, hasLeases = true): string {
  return sentenceStart(happeningWords(one, textOf, hasLeases));
}

function happeningWords(one: Happening, textOf: TextOf, hasLeases: boolean): string {
  switch (one.what) {
    case "asked":
      return `${one.client} asks ${placeText(one.at)} for ${one.key}.`;
    case "answered": {
      const value = textOf(one.version) ?? "nothing";
      return `${one.client} reads ${value}, ${SOURCES[one.source]}.`;
    }
    case "wrote":
      return `${one.client} writes ${one.key} = ${one.text} at ${placeText(one.at)}.`;
    case "acknowledged":
      return `${one.client}’s write is acknowledged.`;
    case "read-failed":
      return `${one.client} is told that the read failed.`;
    case "write-failed":
      return `${one.client} is told that nobody knows whether the write was executed.`;
    case "changed":
      return `At the origin ${one.key} is ${one.text} from now on.`;
    case "expired":
      return `At the origin ${one.key} has expired.`;
    case "pushed":
      return `The origin tells the proxy that ${one.key} has changed. The message follows what it has sent before.`;
    case "began":
      return `It is not cached. The proxy asks the origin${hasLeases ? `, and notes the key’s lease: ${one.lease}` : ""}.`;
    case "joined":
      return "The same question is already under way. The proxy waits for its answer.";
    case "stored":
      return `The proxy keeps ${stateText(one.key, one.version, textOf)}.`;
    case "refused":
      return `The proxy passes ${stateText(one.key, one.version, textOf)} on, and does not keep it: ${REFUSALS[one.why]}.`;
    case "invalidated": {
      const who = one.by === "write" ? "Before the write is sent, the proxy" : "The proxy";
      if (!hasLeases)
        return `${who} ${one.had ? "drops its entry" : "looks for an entry to drop; it has none"}.`;
      const drops = one.had ? " and drops its entry" : "; it has no entry to drop";
      return `${who} changes the key’s lease to ${one.lease}${drops}.`;
    }
    case "invalidated-all":
      return `The proxy begins epoch ${one.epoch}: all that it has fetched before counts no more.`;
    case "proven":
      return `Up to ${timeText(one.untilMs)} no message about a change can be missing.`;
    case "connected":
      return "The origin will tell of changes over this connection.";
    case "disconnected":
      return "The connection has ended. The proxy will open another one.";
    case "silent":
      return "The origin has been silent for too long. Nothing is served from the cache.";
    case "answers":
      return "The origin answers again.";
    case "wire-lost":
      return "The origin answers another connection: the wire is dead. The proxy takes a new one.";
    case "stopped":
      return `${placeText(one.at)} has stopped.`;
    case "cut":
      return "The wire is cut.";
    case "swallowed":
      return "The wire lets nothing through any more, and tells nobody.";
    case "mended":
      return "The wire lets things through again.";
    case "executed":
    case "sent":
    case "arrived":
      return "";
  }
}

const SOURCES = {
  hit: "from the cache",
  miss: "from the origin",
  coalesced: "from the answer to a question that was already under way",
} as const;

const REFUSALS = {
  void: "since it asked, the key’s lease has changed, so this may be old",
  "no-time-to-live": "it does not know for how long",
  expired: "it has expired on the way",
} as const;

function stateText(key: string, version: number, textOf: TextOf): string {
  const text = textOf(version);
  return text === undefined ? `that there is no ${key}` : `${key} = ${text}`;
}

/** Proxies beside the only one have names of their own. */
function placeText(at: string): string {
  return at === "proxy" || at === "origin" || at === "cache" ? `the ${at}` : at;
}

function sentenceStart(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
