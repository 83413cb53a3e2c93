import { type Answer, type Client, type Reply, ReplyError } from "../client/client.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import { JsonObjectWriter } from "../protocol/json-object-writer.ts";
import { Push } from "../protocol/reply-value.ts";
import { type ClientRequest, isSecret, mayBlock, RequestProblem, type Word } from "./client-request.ts";
import { paint } from "./log.ts";
import type { TextOutput } from "./output.ts";
import { displayReply, jsonBytes, jsonReply, plainReply } from "./reply-text.ts";
import { displayJson, errorLine } from "./terminal-text.ts";

/** The result of a request, and the time it took. */
export type Outcome = { readonly ms: number } & (
  | { readonly answer: Answer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: Error }
);

export interface PrintStyle {
  readonly json: boolean;
  /** Whether replies are formatted for people; if not, values are printed as they are, for programs. */
  readonly forPeople: boolean;
  readonly colour: boolean;
  /** Whether to print before each reply where it came from. */
  readonly showSource: boolean;
  /** Whether to print after each reply how long it took. */
  readonly showTime: boolean;
  /** Whether to print values without a line feed at the end. */
  readonly exact: boolean;
}

const NO_SUCH_KEY = "No such key found";
const GREEN = "32";
const YELLOW = "33";
const RED = "31";
const GREY = "90";
/** Bytes of a dump's entries that are collected before they are written. */
const DUMP_BYTES = 64 * 1024;

/** Sends one request. Never rejects: an error is an outcome. */
export async function execute(client: Client, request: ClientRequest): Promise<Outcome> {
  const begun = performance.now();
  try {
    const answer = await client.request(request.command, {
      as: "bytes",
      ...(mayBlock(request) ? { timeoutMs: 0 } : {}),
    });
    return { answer, ms: performance.now() - begun };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { error, ms: performance.now() - begun };
  }
}

/** Whether a request found nothing: its reply is nil, or DELETE had nothing to remove. */
export function isMissing(request: ClientRequest, { answer }: Outcome): boolean {
  if (answer === undefined) return false;
  return answer.reply === null || (request.kind === "delete" && answer.reply === 0);
}

/** Writes replies in one style. */
export class Printer {
  readonly #output: TextOutput;
  readonly #style: PrintStyle;

  constructor(output: TextOutput, style: PrintStyle) {
    this.#output = output;
    this.#style = style;
  }

  /** @param request undefined if the input was not a valid request */
  async print(request: ClientRequest | undefined, outcome: Outcome, tellsSource: boolean): Promise<void> {
    const { json, forPeople } = this.#style;
    if (json) this.#printJson(request?.words ?? [], outcome);
    else if (outcome.error !== undefined) this.#printError(outcome.error, outcome.ms);
    else if (forPeople) this.#printForPeople(request, outcome.answer, outcome.ms, tellsSource);
    else this.#printPlain(request, outcome.answer, tellsSource);
    await this.#output.ready();
  }

  /**
   * Begins a reply.
   * @param isPaged whether to wait at the end of each page, if the output can
   */
  begin(isPaged: boolean): void {
    this.#output.begin(isPaged);
  }

  /** Prints what arrived unrequested: a message of a channel (`push`), or a line of MONITOR. */
  async printFeed(words: readonly Word[], item: Push | Reply): Promise<void> {
    const { json, forPeople } = this.#style;
    const reply = item instanceof Push ? [item.kind, ...(item.items as Reply[])] : item;
    if (json) {
      const name = item instanceof Push ? "push" : "reply";
      this.#jsonLine({ request: shownWords(words), [name]: jsonReply(reply) });
    } else if (forPeople) {
      this.#line(item instanceof Push ? this.#pushText(item) : displayReply(reply));
    } else {
      this.#output.write(plainReply(reply));
    }
    await this.#output.ready();
  }

  #pushText({ kind, items }: Push): string {
    const { colour } = this.#style;
    const shown = (items as Reply[]).map((item) => displayReply(item));
    switch (kind) {
      case "message":
      case "smessage":
        return `${paint(shown[0] ?? "", GREEN, colour)}: ${shown[1]}`;
      case "pmessage":
        return `${paint(shown[1] ?? "", GREEN, colour)} ${paint(`(${shown[0]})`, GREY, colour)}: ${shown[2]}`;
      case "subscribe":
      case "psubscribe":
      case "ssubscribe":
        return paint(`subscribed to ${shown[0]}; Ctrl-C ends`, GREY, colour);
      default:
        return displayReply([kind, ...(items as Reply[])]);
    }
  }

  /** Shows everything printed so far, before other code writes to the terminal. */
  flush(): void {
    this.#output.flush();
  }

  /** Prints a remark that is not part of a reply, if the output is for people. */
  note(text: string): void {
    if (this.#style.forPeople) this.#line(paint(text, GREY, this.#style.colour));
  }

  #printJson(words: readonly Word[], outcome: Outcome): void {
    const ms = Number(outcome.ms.toFixed(3));
    const request = shownWords(words);
    if (outcome.error !== undefined) {
      this.#line(displayJson(JSON.stringify({ request, error: outcome.error.message, source: null, ms })));
      return;
    }
    const { reply, source = null, ...about } = outcome.answer;
    this.#jsonLine({ request, reply: jsonReply(reply), source, ...about, ms });
  }

  #printError(error: Error, ms: number): void {
    const { forPeople, colour } = this.#style;
    const text = error instanceof ReplyError ? error.message.replace(/^ERR /, "") : error.message;
    if (!forPeople) {
      this.#line(`ERROR ${errorLine(text)}`);
      return;
    }
    const time = error instanceof RequestProblem ? "" : this.#time(ms, undefined);
    this.#line(`${paint("ERROR", RED, colour)} ${displayReply(text)}${time}`);
  }

  #printForPeople(
    request: ClientRequest | undefined,
    answer: Answer,
    ms: number,
    tellsSource: boolean,
  ): void {
    const shown = textReply(request, answer) ?? displayReply(answer.reply);
    const time = this.#time(ms, answer);
    const end = time !== "" && shown.includes("\n") ? `\n${time.trimStart()}` : time;
    this.#line(`${this.#label(request, answer, tellsSource)}${shown}${end}`);
  }

  #printPlain(request: ClientRequest | undefined, answer: Answer, tellsSource: boolean): void {
    this.#output.write(this.#label(request, answer, tellsSource));
    const text = textReply(request, answer);
    const bytes = text === undefined ? plainReply(answer.reply) : utf8(`${text}\n`);
    const isValue = answer.reply instanceof Uint8Array;
    this.#output.write(this.#style.exact && isValue ? bytes.subarray(0, -1) : bytes);
  }

  /** Where the reply came from, in the text protocol's words; empty if unknown. */
  #label(request: ClientRequest | undefined, answer: Answer, tellsSource: boolean): string {
    const { showSource, colour } = this.#style;
    if (!showSource || isQueued(answer.reply)) return "";
    const fromCache = answer.source === "hit";
    // A proxy names the source of replies that may come from its cache; all others come from the origin.
    const isKnown =
      answer.source !== undefined || (tellsSource && request !== undefined && request.kind !== "command");
    if (!isKnown) return "";
    const name = fromCache ? "{Proxy Server}" : "{Backend Server}";
    return `${paint(name, fromCache ? GREEN : YELLOW, colour)} : `;
  }

  #time(ms: number, answer: Answer | undefined): string {
    const { showTime, colour } = this.#style;
    if (!showTime) return "";
    const parts = [durationText(ms)];
    if (answer?.source === "coalesced") parts.push("shared with another request");
    if (answer?.source === "hit" && answer.ageMs !== undefined)
      parts.push(`cached for ${durationText(answer.ageMs)}`);
    if (answer?.ttlMs !== undefined) parts.push(`expires in ${durationText(answer.ttlMs)}`);
    return `  ${paint(`(${parts.join(", ")})`, GREY, colour)}`;
  }

  #line(text: string): void {
    this.#output.write(`${text}\n`);
  }

  #jsonLine(value: object): void {
    const line = JSON.stringify(value);
    this.#line(this.#output.isTerminal ? displayJson(line) : line);
  }

  /**
   * Writes all entries: one JSON object in one line, or with `json` one object `{"key":…,"value":…}` per line.
   * @throws the client's errors, after ending the current line
   */
  async printDump(client: Client): Promise<void> {
    const buffer = new ByteBuffer(DUMP_BYTES);
    const { json } = this.#style;
    try {
      if (json) await this.#printEntries(client, buffer);
      else await this.#printObject(client, buffer);
    } finally {
      if (!json) buffer.append(utf8("\n"));
      await this.#writeOut(buffer);
    }
  }

  async #printEntries(client: Client, buffer: ByteBuffer): Promise<void> {
    for await (const [key, value] of client.dump({ as: "bytes" })) {
      const line = JSON.stringify({ key: jsonBytes(key), value: jsonBytes(value) });
      buffer.append(utf8(`${this.#output.isTerminal ? displayJson(line) : line}\n`));
      if (buffer.length >= DUMP_BYTES) await this.#writeOut(buffer);
      if (this.#output.isStopped) break;
    }
  }

  async #printObject(client: Client, buffer: ByteBuffer): Promise<void> {
    const writer = new JsonObjectWriter(buffer, { forTerminal: this.#output.isTerminal });
    writer.begin();
    for await (const [key, value] of client.dump({ as: "bytes" })) {
      writer.entry(key, value);
      if (buffer.length >= DUMP_BYTES) await this.#writeOut(buffer);
      if (this.#output.isStopped) break;
    }
    writer.end();
  }

  async #writeOut(buffer: ByteBuffer): Promise<void> {
    this.#output.write(buffer.view());
    buffer.clear(DUMP_BYTES);
    await this.#output.ready();
  }
}

/** Returns the text protocol's reply to one of its verbs. */
function textReply(request: ClientRequest | undefined, { reply }: Answer): string | undefined {
  // In a transaction, nothing has been executed yet.
  if (isQueued(reply)) return undefined;
  if (request?.kind === "get" && reply === null) return NO_SUCH_KEY;
  if (request?.kind === "delete") return reply === 0 ? NO_SUCH_KEY : "OK";
  return undefined;
}

/** A string is a status; a value would be bytes. */
function isQueued(reply: Reply): boolean {
  return reply === "QUEUED";
}

function shownWords(words: readonly Word[]): unknown[] {
  const shown = words.map((word) => (typeof word === "string" ? word : jsonBytes(word)));
  return isSecret(words) ? [shown[0], "(hidden)"] : shown;
}

function durationText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
