import { systemTimers, type Timer, type Timers } from "../../lib/timers.ts";
import { decodeReply, ReplyError, type ReplyValue } from "../../protocol/reply-value.ts";
import { writeCommand } from "../../protocol/request-writer.ts";
import { CallbackRequest } from "../callback-request.ts";
import type { Upstream } from "../upstream-request.ts";
import { readClusterView } from "./cluster-view.ts";
import type { AskedView } from "./topology.ts";

/** How often nodes are asked although nothing has happened. */
const CALM_MS = 10_000;
/** How soon they are asked again while something is wrong; each time twice as long, up to the most. */
const UNEASY_LEAST_MS = 100;
const UNEASY_MOST_MS = 1000;
/** How long to wait for the slowest node. */
const ANSWER_MS = 1000;

/** A node that can be asked. */
export interface Askable {
  readonly host: string;
  /** It has not answered for a while. The answers of the others are used without waiting for it. */
  readonly isSilent: boolean;
  /** Returns a connection to it, in any version of RESP. @throws UpstreamError */
  connection(): Upstream;
  /** The answer has come, or will not. */
  done(): void;
}

export interface TopologyWatchOptions {
  readonly timers: Timers | undefined;
  /** The nodes to ask. */
  targets(): readonly Askable[];
  /**
   * Takes what nodes have said. @returns whether something is still wrong, so that they should be asked again soon
   */
  learned(views: readonly AskedView[], problems: readonly string[]): boolean;
}

/** Asks the nodes of a cluster from time to time who owns what, and soon after something has happened. */
export class TopologyWatch {
  readonly #options: TopologyWatchOptions;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #isAsking = false;
  /** Whether something has happened since the nodes were asked. */
  #isSuspicious = false;
  #delayMs = UNEASY_LEAST_MS;
  #isClosed = false;

  constructor(options: TopologyWatchOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
  }

  /** Asks at once. Called when something has happened that may have to do with a change of hands. */
  suspect(): void {
    if (this.#isAsking) this.#isSuspicious = true;
    else this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.stop();
  }

  #ask(): void {
    if (this.#isClosed) return;
    this.#timer?.stop();
    this.#isAsking = true;
    this.#isSuspicious = false;
    const views: AskedView[] = [];
    const problems: string[] = [];
    const targets = this.#options.targets();
    const allAreSilent = targets.every(({ isSilent }) => isSilent);
    const isAwaited = ({ isSilent }: Askable): boolean => !isSilent || allAreSilent;
    let missing = targets.filter(isAwaited).length;
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      this.#timer?.stop();
      this.#learned(views, problems);
    };
    this.#timer = this.#timers.after(ANSWER_MS, end);
    for (const target of targets) {
      let isAnswered = false;
      const answered = (view: AskedView | string): void => {
        if (isAnswered) return;
        isAnswered = true;
        target.done();
        if (isAwaited(target)) missing--;
        if (typeof view === "string") problems.push(view);
        else views.push(view);
        if (missing === 0) end();
      };
      askView(target, answered);
    }
    if (missing === 0) end();
  }

  #learned(views: readonly AskedView[], problems: readonly string[]): void {
    if (this.#isClosed) return;
    const isUneasy = this.#options.learned(views, problems) || this.#isSuspicious;
    this.#isAsking = false;
    this.#timer = this.#timers.after(isUneasy ? this.#delayMs : CALM_MS, () => this.#ask());
    this.#delayMs = isUneasy ? Math.min(this.#delayMs * 2, UNEASY_MOST_MS) : UNEASY_LEAST_MS;
  }
}

/** @param then gets the view, or why there is none */
function askView(target: Askable, then: (view: AskedView | string) => void): void {
  let connection: Upstream;
  try {
    connection = target.connection();
  } catch (error) {
    then((error as Error).message);
    return;
  }
  let nodes: ReplyValue = null;
  const ask = (subcommand: string, replied: (reply: ReplyValue) => void): void => {
    writeCommand(connection.out, ["CLUSTER", subcommand]);
    connection.enqueue(
      new CallbackRequest(
        (bytes, _start, end, { replyStart }) => replied(decodeReply(bytes, replyStart, end, { text: true })),
        (error) => then(error.message),
      ),
    );
  };
  ask("NODES", (reply) => {
    nodes = reply;
  });
  ask("SLOTS", (slots) => then(viewOf(target.host, nodes, slots)));
}

function viewOf(host: string, nodes: ReplyValue, slots: ReplyValue): AskedView | string {
  for (const reply of [nodes, slots]) if (reply instanceof ReplyError) return reply.message;
  if (typeof nodes !== "string") return "CLUSTER NODES did not answer with a text";
  try {
    return { view: readClusterView(nodes, slots), host };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}
