import { systemTimers, type Timer } from "../../lib/timers.ts";
import { decodeReply, Push, ReplyError, type ReplyValue } from "../../protocol/reply-value.ts";
import { writeCommand } from "../../protocol/request-writer.ts";
import { formatOrigin } from "../address.ts";
import { backoffMs } from "../backoff.ts";
import { CallbackRequest } from "../callback-request.ts";
import type { ChannelOptions } from "../channel.ts";
import { UpstreamConnection } from "../connection.ts";
import { logIn } from "../handshake.ts";
import { UpstreamError } from "../upstream-error.ts";
import type { NamedPrimary } from "./shared-primary.ts";
import type { SentinelAnswer } from "./verdict.ts";

/** What sentinels publish when they have replaced a primary. */
const SWITCH = "+switch-master";

/** What a sentinel answers, or why it does not; undefined: the first connection to it is being set up. */
export type Asked = SentinelAnswer | string | undefined;

export interface SentinelLinkEvents {
  /** The sentinel can be asked. It may have published something before. */
  ready(): void;
  /** The sentinel has replaced the primary, or heard that another one did. */
  switched(): void;
}

/**
 * The connection to one sentinel, for its messages and for questions. When it is lost, it is opened again after a
 * delay, which grows with each failure. It speaks RESP3, so that questions may be asked on a connection that
 * subscribes.
 */
export class SentinelLink {
  /** The sentinel's address for messages. */
  readonly name: string;
  readonly #primaryName: string;
  readonly #options: ChannelOptions;
  readonly #events: SentinelLinkEvents;
  #connection: UpstreamConnection | undefined;
  #isReady = false;
  #isClosed = false;
  /** Why there is no connection; undefined: none has failed yet. */
  #problem: string | undefined;
  #failedAttempts = 0;
  #reconnect: Timer | undefined;

  /**
   * @param primaryName the name under which the sentinels know the primary
   * @param options `timeoutMs`: after this time without an answer, the connection counts as dead
   */
  constructor(primaryName: string, options: ChannelOptions, events: SentinelLinkEvents) {
    this.name = formatOrigin(options.address);
    this.#primaryName = primaryName;
    this.#options = options;
    this.#events = events;
    this.#open();
  }

  /** Asks for the primary. @param then called once, after the options' `timeoutMs` at the latest */
  ask(then: (asked: Asked) => void): void {
    const connection = this.#connection;
    if (!this.#isReady || connection === undefined || connection.isClosed) {
      then(this.#problem);
      return;
    }
    const ask = (
      subcommand: string,
      replied: (reply: ReplyValue) => void,
      failed?: (error: UpstreamError) => void,
    ): void => {
      writeCommand(connection.out, ["SENTINEL", subcommand, this.#primaryName]);
      connection.enqueue(
        new CallbackRequest(
          (bytes, _start, end, { replyStart }) =>
            replied(decodeReply(bytes, replyStart, end, { text: true })),
          failed,
        ),
      );
    };
    let place: ReplyValue = null;
    ask("get-master-addr-by-name", (reply) => {
      place = reply;
    });
    ask(
      "master",
      (details) => then(this.#read(place, details)),
      // Nothing comes behind an answer that does not.
      (error) => then(problemOf(error)),
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#reconnect?.stop();
    this.#connection?.close(new UpstreamError("ORIGINDOWN", "the proxy is shutting down", false));
  }

  #open(): void {
    const connection: UpstreamConnection = new UpstreamConnection(this.#options, {
      pushed: (bytes, start, end) => this.#pushed(decodeReply(bytes, start, end, { text: true })),
      // Only an error can be that: what a subscription is answered in RESP3 is pushed.
      stray: (bytes, start, end) => {
        const reply = decodeReply(bytes, start, end, { text: true });
        const reason = reply instanceof ReplyError ? reply.message : "an unexpected reply";
        connection.close(this.#error(`refused SUBSCRIBE ${SWITCH}: ${reason}`));
      },
      closed: (error) => this.#lost(error),
    });
    this.#connection = connection;
    logIn(connection, {
      ...{ address: this.#options.address, version: 3, selects: false },
      greeted: ({ error }) => {
        if (error !== undefined) connection.close(this.#error(`does not speak RESP3: ${error.text}`));
      },
    });
    writeCommand(connection.out, ["SUBSCRIBE", SWITCH]);
    connection.queueFlush();
  }

  #lost(error: UpstreamError): void {
    this.#isReady = false;
    this.#connection = undefined;
    this.#problem = problemOf(error);
    if (this.#isClosed) return;
    this.#failedAttempts++;
    const { random, timers = systemTimers } = this.#options;
    this.#options.hosts?.lost();
    this.#reconnect = timers.after(backoffMs(this.#failedAttempts, random), () => this.#open());
  }

  #pushed(message: ReplyValue): void {
    if (!(message instanceof Push)) return;
    const { kind, items } = message;
    if (kind === "subscribe") {
      this.#failedAttempts = 0;
      this.#isReady = true;
      this.#events.ready();
    } else if (kind === "message" && items[0] === SWITCH) {
      // Such as: mymaster 10.0.0.1 6379 10.0.0.2 6379.
      const [name] = String(items[1]).split(" ");
      if (name === this.#primaryName) this.#events.switched();
    }
  }

  /** Reads the answers to SENTINEL GET-MASTER-ADDR-BY-NAME and SENTINEL MASTER. */
  #read(place: ReplyValue, details: ReplyValue): Asked {
    if (place instanceof ReplyError) {
      const isOther = /unknown command/i.test(place.message);
      return `${this.name} ${isOther ? "is not a sentinel" : "does not tell the primary"}: ${place.message}`;
    }
    if (place === null) return `${this.name} does not know "${this.#primaryName}"`;
    const primary = Array.isArray(place) ? primaryOf(place, details) : undefined;
    return primary === undefined
      ? `${this.name} names a primary in a form that is not understood`
      : { sentinel: this.name, primary };
  }

  #error(problem: string): UpstreamError {
    return new UpstreamError("ORIGINPROTOCOL", `${this.name} ${problem}`, false);
  }
}

/** The handshake's messages are about origins. */
function problemOf({ code, message }: UpstreamError): string {
  const hint = code === "ORIGINAUTH" ? " (its own are ?sentinel-user=…&sentinel-password=…)" : "";
  return message.replace(/\borigin /, "sentinel ") + hint;
}

function primaryOf([host, port]: readonly ReplyValue[], details: ReplyValue): NamedPrimary | undefined {
  const number = Number(port);
  if (typeof host !== "string" || host === "" || !Number.isInteger(number)) return undefined;
  if (number < 1 || number > 65_535) return undefined;
  // A user may be allowed the first question alone.
  const epoch = details instanceof Map ? Number(details.get("config-epoch")) : 0;
  return { host, port: number, configEpoch: Number.isSafeInteger(epoch) ? epoch : 0 };
}
