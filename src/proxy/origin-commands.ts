import { type CommandFacts, readFacts } from "../commands/facts.ts";
import type { ReplyValue } from "../protocol/reply-value.ts";
import { type Route, routeOf } from "./routes.ts";

/** The most commands to ask the origin about. */
const MOST_COMMANDS = 1_000;
/** Names worth asking about: clients may send any name. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What the origin says about a command. */
export interface LearnedCommand {
  readonly facts: CommandFacts;
  /** The command's route; undefined: it uses a connection of its client's own, like every unknown command. */
  readonly route: Route | undefined;
}

/** What the origin says about commands that the table does not have: those of modules and newer servers. */
export class OriginCommands {
  readonly #ask: (name: string, then: (reply: ReplyValue) => void) => void;
  /** `undefined` while the origin is being asked, and for a command that it does not have. */
  readonly #learned = new Map<string, LearnedCommand | undefined>();
  /** Called when the origin has answered, by the command's name. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** @param ask asks the origin for COMMAND INFO of a name, with byte strings as text */
  constructor(ask: (name: string, then: (reply: ReplyValue) => void) => void) {
    this.#ask = ask;
  }

  /**
   * Returns what the origin has said about a command. The first call asks it, for later calls.
   * @param name in lower case
   */
  find(name: string): LearnedCommand | undefined {
    if (this.#learned.has(name)) return this.#learned.get(name);
    if (this.#learned.size >= MOST_COMMANDS || !NAME.test(name)) return undefined;
    this.#learned.set(name, undefined);
    this.#waiting.set(name, []);
    this.#ask(name, (reply) => {
      const facts = readInfo(name, reply);
      // The question failed, or there is a new connection since, perhaps to another server.
      if (facts === undefined || !this.#learned.has(name)) this.#learned.delete(name);
      else if (facts !== "none") this.#learned.set(name, { facts, route: routeOf(facts) });
      const waiting = this.#waiting.get(name) ?? [];
      this.#waiting.delete(name);
      for (const then of waiting) then();
    });
    return undefined;
  }

  /**
   * Asks the origin about a command.
   * @param then called once when it has answered, or cannot
   * @returns false if it has answered before, or is not asked; then `then` is not called
   */
  ask(name: string, then: () => void): boolean {
    this.find(name);
    const waiting = this.#waiting.get(name);
    waiting?.push(then);
    return waiting !== undefined;
  }

  /** Forgets everything: behind a new connection there may be another server. */
  forget(): void {
    this.#learned.clear();
  }
}

/** Reads COMMAND INFO of one name. @returns `none` if there is no such command */
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
  // Movable keys are not given by a range: the command may be about any key.
  const uses = isMovable ? `${effect} *` : Number(first) > 0 ? range : "";
  return readFacts("module", [name, arity, flags.join(" "), uses, "any", ""]);
}
