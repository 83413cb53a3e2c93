import { type CommandFacts, readFacts } from "../commands/facts.ts";
import type { ReplyValue } from "../protocol/reply-value.ts";
import { type Route, routeOf } from "./routes.ts";

/** Commands asked about; of further ones the origin is not asked. */
const MOST_COMMANDS = 1_000;
/** Clients may name anything. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What the origin says of a command. */
export interface LearnedCommand {
  readonly facts: CommandFacts;
  /** Undefined where it takes a connection of its client's own, like all that is not known. */
  readonly route: Route | undefined;
}

/** What the origin says of commands that the table does not have: those of modules, and of newer servers. */
export class OriginCommands {
  readonly #ask: (name: string, then: (reply: ReplyValue) => void) => void;
  /** `undefined` while the origin is being asked, and where it does not have the command. */
  readonly #learned = new Map<string, LearnedCommand | undefined>();

  /** @param ask asks the origin for COMMAND INFO of a name, with byte strings as text */
  constructor(ask: (name: string, then: (reply: ReplyValue) => void) => void) {
    this.#ask = ask;
  }

  /**
   * What the origin has said of a command; the first time it is asked, for the next time.
   * @param name in lower case
   */
  find(name: string): LearnedCommand | undefined {
    if (this.#learned.has(name)) return this.#learned.get(name);
    if (this.#learned.size >= MOST_COMMANDS || !NAME.test(name)) return undefined;
    this.#learned.set(name, undefined);
    this.#ask(name, (reply) => {
      const facts = readInfo(name, reply);
      // It could not be asked, or has a connection since that knows another server.
      if (facts === undefined || !this.#learned.has(name)) this.#learned.delete(name);
      else if (facts !== "none") this.#learned.set(name, { facts, route: routeOf(facts) });
    });
    return undefined;
  }

  /** There is a new connection: another server may be behind it. */
  forget(): void {
    this.#learned.clear();
  }
}

/** Reads COMMAND INFO of one name. @returns `none` where there is no such command */
function readInfo(name: string, reply: ReplyValue): CommandFacts | "none" | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [info] = reply;
  if (!Array.isArray(info)) return "none";
  const [, arity, flagList, first, last, step] = info;
  const flags = Array.isArray(flagList) ? flagList.map(String) : [];
  if (typeof arity !== "number") return undefined;
  const effect = flags.includes("write") ? "changes" : "reads";
  const isMovable = flags.includes("movablekeys");
  const range = `${effect} ${first}${last === first ? "" : `..${last}`}${step === 1 ? "" : `/${step}`}`;
  // Where the keys are is not told by a range: it may be about any.
  const uses = isMovable ? `${effect} *` : Number(first) > 0 ? range : "";
  return readFacts("module", [name, arity, flags.join(" "), uses, "any", ""]);
}
