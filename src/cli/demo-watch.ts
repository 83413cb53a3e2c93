import { Call } from "../client/call.ts";
import { type Client, connect } from "../client/client.ts";
import { openLink } from "../client/handshake.ts";
import type { Link } from "../client/link.ts";
import { resolveOptions } from "../client/options.ts";
import { factsOfRequest } from "../commands/command-facts.ts";
import { keysOf } from "../commands/facts.ts";
import { utf8 } from "../lib/bytes.ts";
import { splitWords, textOf, type Word } from "./client-request.ts";
import { addressOf } from "./demo-address.ts";
import { type KeyFacts, outcomesOf, type SeenRead } from "./demo-outcomes.ts";
import { displayLines } from "./terminal-text.ts";

/** Delay before a change at the server is reported: by then, MONITOR has shown the command that made it. */
const MONITOR_LAG_MS = 150;
/** Most lines shown per second; further ones are only counted. */
const LINES_PER_SECOND = 20;
/** Most keys that the proxy is asked about at once. */
const MOST_KEYS = 100;

/** For this long, a key named in a request explains a change at the server. */
const LATELY_MS = 1000;
/** Commands that client programs send on their own. */
const INTRODUCTIONS: ReadonlySet<string> = new Set([
  "HELLO",
  "AUTH",
  "CLIENT",
  "COMMAND",
  "INFO",
  "GLASS.SOURCE",
]);

/** Requests that are not shown: the demo's own. */
export interface OwnRequests {
  /** The load's connections to the proxy. */
  readonly addresses: ReadonlySet<string>;
  /** Whether a client of the server is the load's, or the proxy. */
  isAtServer(address: string): boolean;
  /** Whether the load reads this key. */
  reads(key: string): boolean;
  /** Whether the load changes this key past the proxy, or lets it expire. */
  changes(key: string): boolean;
}

/** Shows other clients' requests to proxy and server, and changes that bypass the proxy. */
export class DemoWatch implements AsyncDisposable {
  readonly #show: (line: string) => void;
  readonly #own: OwnRequests;
  #ownAddress = "";
  #ownAddressAtServer = "";
  /** Keys named in recent requests to the proxy, and when: those requests may have changed them. */
  readonly #named = new Map<string, number>();
  /** Keys that others' recent requests to the server change, and when. */
  readonly #changedPast = new Map<string, number>();
  /** When others' last request to the server changed every key, if that has not been reported. */
  #changedAllPastMs = Number.NEGATIVE_INFINITY;
  /** Keys that were changed recently, by any client, and when. */
  readonly #changedAtMs = new Map<string, number>();
  /** When every key was changed last. */
  #changedAllAtMs = Number.NEGATIVE_INFINITY;
  #proxy: Client | undefined;
  #server: Client | undefined;
  #monitors: Link[] = [];
  #policy = "";
  #shown = 0;
  #skipped = 0;
  #isAsking = false;
  #pending: SeenRead[] = [];
  readonly #second: ReturnType<typeof setInterval>;

  private constructor(own: OwnRequests, show: (line: string) => void) {
    this.#own = own;
    this.#show = show;
    this.#second = setInterval(() => this.#newSecond(), 1000);
  }

  /** @param show writes one line */
  static async start(
    serverPort: number,
    proxyPort: number,
    own: OwnRequests,
    show: (line: string) => void,
  ): Promise<DemoWatch> {
    const watch = new DemoWatch(own, show);
    try {
      await watch.#start(serverPort, proxyPort);
      return watch;
    } catch (error) {
      await watch[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(serverPort: number, proxyPort: number): Promise<void> {
    const proxy = await connect({ port: proxyPort, reconnect: false });
    this.#proxy = proxy;
    await proxy.command("CLIENT", "SETNAME", "demo-watch");
    this.#ownAddress = await addressOf(proxy);
    this.#policy = await this.#presentPolicy();
    const server = await connect({
      port: serverPort,
      reconnect: false,
      onEvent: (event) => {
        if (event.type === "push" && event.kind === "invalidate") this.#changed(event.items[0]);
      },
    });
    this.#server = server;
    this.#ownAddressAtServer = await addressOf(server);
    // Before the changes are, so that every change has its command.
    await this.#monitor(serverPort, (line) => this.#askedServer(line));
    await server.command("CLIENT", "TRACKING", "ON", "BCAST");
    await this.#monitor(proxyPort, (line) => this.#asked(line));
  }

  /** Resolves once MONITOR shows every later command. */
  async #monitor(port: number, shown: (line: string) => void): Promise<void> {
    const [monitor] = await openLink(resolveOptions({ port }), undefined, {
      drained() {},
      pushed() {},
      unasked: (line) => shown(String(line)),
      ended() {},
    });
    this.#monitors.push(monitor);
    await new Promise<void>((resolve) => {
      monitor.write(new Call(["MONITOR"], false, true, () => resolve()));
      monitor.flush();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#second);
    for (const monitor of this.#monitors) monitor.close();
    await Promise.all([this.#proxy?.close(0), this.#server?.close(0)]);
  }

  /** Handles a line of the proxy's MONITOR. */
  #asked(line: string): void {
    const request = readMonitorLine(line);
    if (request === undefined || request.client === this.#ownAddress) return;
    const verb = verbOf(request.words);
    if (this.#own.addresses.has(request.client)) {
      if (verb !== "GET") this.#name(request.words);
      return;
    }
    if (INTRODUCTIONS.has(verb)) return;
    const text = request.words.map(shownWord).join(" ");
    if (verb !== "GET" && verb !== "MGET") {
      this.#name(request.words);
      this.#line(`proxy: ${text}`);
      return;
    }
    if (this.#pending.length >= LINES_PER_SECOND) this.#skipped++;
    else this.#pending.push({ text, keys: request.words.slice(1).map(textOf), atMs: performance.now() });
    if (!this.#isAsking) void this.#tellReads();
  }

  /** Handles a line of the server's MONITOR. */
  #askedServer(line: string): void {
    const request = readMonitorLine(line);
    if (request === undefined) return;
    const { client, words } = request;
    if (client === this.#ownAddressAtServer || this.#own.isAtServer(client)) return;
    if (INTRODUCTIONS.has(verbOf(words))) return;
    this.#line(`server: ${words.map(shownWord).join(" ")}`);
    const changed = changedKeys(words);
    const nowMs = performance.now();
    if (changed === "all") this.#changedAllPastMs = nowMs;
    else for (const key of changed) this.#changedPast.set(key, nowMs);
  }

  #name(words: readonly Word[]): void {
    const nowMs = performance.now();
    for (const word of words.slice(0, MOST_KEYS)) this.#named.set(textOf(word), nowMs);
  }

  /** Shows reads, and whether they were hits. */
  async #tellReads(): Promise<void> {
    this.#isAsking = true;
    try {
      await Bun.sleep(MONITOR_LAG_MS);
      const reads = this.#pending;
      this.#pending = [];
      const keys = [...new Set(reads.flatMap((read) => read.keys))].slice(0, MOST_KEYS);
      const facts = await Promise.all(keys.map((key) => this.#factsOf(key)));
      const byKey = new Map(keys.map((key, index) => [key, facts[index]!]));
      const outcomes = outcomesOf(reads, byKey);
      for (const [index, { text }] of reads.entries()) this.#line(`proxy: ${text}${outcomes[index]}`);
    } catch {
      // The proxy is ending.
    } finally {
      this.#isAsking = false;
      if (this.#pending.length > 0) void this.#tellReads();
    }
  }

  async #factsOf(key: string): Promise<KeyFacts> {
    const told = fieldsOf(await this.#proxy!.command("GLASS.EXPLAIN", key));
    const answeredAtMs = performance.now();
    const isCached = told.get("cached") === true;
    const [ageMs, reads] = [Number(told.get("age-ms") ?? 0), Number(told.get("reads") ?? 0)];
    const isShared = this.#own.reads(key);
    const namedAtMs = Math.max(
      this.#namedAtMs(key, "FLUSHALL", "FLUSHDB"),
      this.#changedAtMs.get(key) ?? Number.NEGATIVE_INFINITY,
      this.#changedAllAtMs,
    );
    return { isCached, ageMs, reads, answeredAtMs, isShared, namedAtMs };
  }

  async #presentPolicy(): Promise<string> {
    const info = String(await this.#proxy!.command("INFO", "cache"));
    return /^cache_policy:(.*?)\r?$/m.exec(info)?.[1] ?? "";
  }

  /**
   * Handles changes at the server, by any client.
   * @param keys null: all keys
   */
  #changed(keys: unknown): void {
    const nowMs = performance.now();
    if (!Array.isArray(keys)) this.#changedAllAtMs = nowMs;
    else for (const key of keys) this.#changedAtMs.set(String(key), nowMs);
    setTimeout(() => {
      if (!Array.isArray(keys)) this.#tellChangeOfAll();
      else for (const key of keys) this.#tellChange(String(key));
    }, MONITOR_LAG_MS);
  }

  #tellChangeOfAll(): void {
    if (this.#changedAllPastMs < performance.now() - LATELY_MS) return;
    this.#changedAllPastMs = Number.NEGATIVE_INFINITY;
    this.#line("server: another client removed everything; the proxy's cache is empty now");
  }

  #tellChange(key: string): void {
    // One request explains one change. The next one may come through the proxy.
    if (this.#changedPast.delete(key)) {
      this.#line(`server: ${shownWord(key)} was changed past the proxy; the proxy's entry is invalidated`);
    } else if (!this.#own.changes(key) && !this.#wasNamed(key)) void this.#tellExpiry(key);
  }

  /** A key that is still there has not expired: on a busy machine MONITOR tells late of the command that changed it. */
  async #tellExpiry(key: string): Promise<void> {
    // Once the server has closed, nothing is told.
    const isThere = await this.#server!.command("EXISTS", key).catch(() => 1);
    if (isThere !== 0 || this.#wasNamed(key)) return;
    this.#line(`server: ${shownWord(key)} has expired; the proxy's entry is invalidated`);
  }

  #wasNamed(...words: string[]): boolean {
    return this.#namedAtMs(...words) >= performance.now() - LATELY_MS;
  }

  /** When a request named one of these words last, in this form or in lower case. */
  #namedAtMs(...words: string[]): number {
    const forms = words.flatMap((word) => [word, word.toLowerCase()]);
    return Math.max(...forms.map((form) => this.#named.get(form) ?? Number.NEGATIVE_INFINITY));
  }

  #line(text: string): void {
    if (this.#shown >= LINES_PER_SECOND) this.#skipped++;
    else {
      this.#shown++;
      this.#show(text);
    }
  }

  #newSecond(): void {
    if (this.#skipped > 0) this.#show(`… and ${this.#skipped.toLocaleString("en")} more`);
    this.#shown = 0;
    this.#skipped = 0;
    const sinceMs = performance.now() - LATELY_MS;
    for (const recent of [this.#named, this.#changedPast, this.#changedAtMs]) {
      for (const [word, atMs] of recent) if (atMs < sinceMs) recent.delete(word);
    }
    void this.#tellPolicy();
  }

  /** Reports a change of the policy: MONITOR does not show CONFIG SET. */
  async #tellPolicy(): Promise<void> {
    if (this.#monitors.length === 0) return;
    const policy = await this.#presentPolicy().catch(() => this.#policy);
    if (policy === this.#policy) return;
    this.#policy = policy;
    this.#line(`proxy: the policy is now ${shownWord(policy)}; the entries stay`);
  }
}

/** The fields of a reply that is a map, or a list of names and values. */
function fieldsOf(reply: unknown): ReadonlyMap<unknown, unknown> {
  if (reply instanceof Map) return reply;
  const list = Array.isArray(reply) ? reply : Object.entries(reply ?? {}).flat();
  return new Map(
    Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index], list[2 * index + 1]]),
  );
}

function verbOf([verb = ""]: readonly Word[]): string {
  return textOf(verb).toUpperCase();
}

/** Verbs of the text protocol that have another name in Redis. */
const REDIS_NAMES: Readonly<Record<string, string>> = { PUT: "SET", DELETE: "DEL" };

/** The keys that a request to the server may change. */
export function changedKeys(words: readonly Word[]): readonly string[] | "all" {
  const verb = verbOf(words);
  const texts = [REDIS_NAMES[verb] ?? verb, ...words.slice(1).map(textOf)];
  const request = { count: texts.length, text: (index: number) => texts[index]! };
  const uses = factsOfRequest(request)?.uses.filter(({ effect }) => effect !== "reads") ?? [];
  if (uses.some(({ isEveryKey }) => isEveryKey)) return "all";
  return uses.flatMap((use) => keysOf(use, request).map((at) => texts[at]!));
}

/** Parses `1339518083.107412 [0 127.0.0.1:60866] "GET" "a"`; undefined for anything else. */
export function readMonitorLine(line: string): { client: string; words: Word[] } | undefined {
  const match = /^[\d.]+ \[\d+ (\S+)\] (.*)$/s.exec(line);
  // Words are quoted as in an inline command.
  return match === null ? undefined : { client: match[1]!, words: splitWords(utf8(match[2]!)) };
}

const MOST_WORD_CELLS = 40;

function shownWord(given: Word): string {
  const word = textOf(given);
  const cut = word.length > MOST_WORD_CELLS ? `${word.slice(0, MOST_WORD_CELLS - 1)}…` : word;
  const text = displayLines(cut).replaceAll("\n", "\\n");
  return text === "" || /\s/.test(text) ? `"${text}"` : text;
}
