import { Call } from "../client/call.ts";
import { type Client, connect } from "../client/client.ts";
import { openLink } from "../client/handshake.ts";
import type { Link } from "../client/link.ts";
import { resolveOptions } from "../client/options.ts";
import { type KeyFacts, outcomesOf, type SeenRead } from "./demo-outcomes.ts";
import { displayLines } from "./terminal-text.ts";

/**
 * Delay before a change at the server is reported: by then, MONITOR has shown the write if it came through the proxy.
 */
const MONITOR_LAG_MS = 150;
/** Most lines shown per second; further ones are only counted. */
const LINES_PER_SECOND = 20;
/** Most keys that the proxy is asked about at once. */
const MOST_KEYS = 100;

/** For this long, a key named in a request to the proxy explains a change at the server. */
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

/** The demo's own load, which is not shown. */
export interface OwnLoad {
  /** Its connections to the proxy. */
  readonly addresses: ReadonlySet<string>;
  /** Whether it reads this key. */
  reads(key: string): boolean;
  /** Whether it changes this key past the proxy, or lets it expire. */
  changes(key: string): boolean;
}

/** Shows other clients' requests to the proxy, and changes that bypass it. */
export class DemoWatch implements AsyncDisposable {
  readonly #show: (line: string) => void;
  readonly #load: OwnLoad;
  #ownAddress = "";
  /** Keys named in recent requests to the proxy, and when: those requests may have changed them. */
  readonly #named = new Map<string, number>();
  #proxy: Client | undefined;
  #server: Client | undefined;
  #monitor: Link | undefined;
  #policy = "";
  #shown = 0;
  #skipped = 0;
  #isAsking = false;
  #pending: SeenRead[] = [];
  readonly #second: ReturnType<typeof setInterval>;

  private constructor(load: OwnLoad, show: (line: string) => void) {
    this.#load = load;
    this.#show = show;
    this.#second = setInterval(() => this.#newSecond(), 1000);
  }

  /** @param show writes one line */
  static async start(
    serverPort: number,
    proxyPort: number,
    load: OwnLoad,
    show: (line: string) => void,
  ): Promise<DemoWatch> {
    const watch = new DemoWatch(load, show);
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
    this.#ownAddress = /\baddr=(\S+)/.exec(String(await proxy.command("CLIENT", "INFO")))?.[1] ?? "";
    this.#policy = await this.#presentPolicy();
    const server = await connect({
      port: serverPort,
      reconnect: false,
      onEvent: (event) => {
        if (event.type === "push" && event.kind === "invalidate") this.#changed(event.items[0]);
      },
    });
    this.#server = server;
    await server.command("CLIENT", "TRACKING", "ON", "BCAST");
    const [monitor] = await openLink(resolveOptions({ port: proxyPort }), undefined, {
      drained() {},
      pushed() {},
      unasked: (line) => this.#asked(String(line)),
      ended() {},
    });
    this.#monitor = monitor;
    // MONITOR shows everything after its reply.
    await new Promise<void>((resolve) => {
      monitor.write(new Call(["MONITOR"], false, true, () => resolve()));
      monitor.flush();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#second);
    this.#monitor?.close();
    await Promise.all([this.#proxy?.close(0), this.#server?.close(0)]);
  }

  /** Handles a line of MONITOR. */
  #asked(line: string): void {
    const request = readMonitorLine(line);
    if (request === undefined || request.client === this.#ownAddress) return;
    const verb = (request.words[0] ?? "").toUpperCase();
    if (this.#load.addresses.has(request.client)) {
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
    else this.#pending.push({ text, keys: request.words.slice(1), atMs: performance.now() });
    if (!this.#isAsking) void this.#tellReads();
  }

  #name(words: readonly string[]): void {
    const nowMs = performance.now();
    for (const word of words.slice(0, MOST_KEYS)) this.#named.set(word, nowMs);
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
    const askedAtMs = performance.now();
    const told = fieldsOf(await this.#proxy!.command("GLASS.EXPLAIN", key));
    const isCached = told.get("cached") === true;
    const [ageMs, reads] = [Number(told.get("age-ms") ?? 0), Number(told.get("reads") ?? 0)];
    const isShared = this.#load.reads(key);
    const namedAtMs = this.#namedAtMs(key, "FLUSHALL", "FLUSHDB");
    return { isCached, ageMs, reads, askedAtMs, isShared, namedAtMs };
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
    setTimeout(() => {
      if (!Array.isArray(keys)) {
        if (!this.#wasNamed("FLUSHALL", "FLUSHDB")) {
          this.#line("server: another client removed everything; the proxy's cache is empty now");
        }
        return;
      }
      for (const key of keys.map(String)) {
        if (this.#load.changes(key) || this.#wasNamed(key)) continue;
        this.#line(`server: ${shownWord(key)} was changed past the proxy; the proxy's entry is invalidated`);
      }
    }, MONITOR_LAG_MS);
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
    for (const [word, atMs] of this.#named) if (atMs < sinceMs) this.#named.delete(word);
    void this.#tellPolicy();
  }

  /** Reports a change of the policy: MONITOR does not show CONFIG SET. */
  async #tellPolicy(): Promise<void> {
    if (this.#monitor === undefined) return;
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

/** Parses `1339518083.107412 [0 127.0.0.1:60866] "GET" "a"`; undefined for anything else. */
export function readMonitorLine(line: string): { client: string; words: string[] } | undefined {
  const match = /^[\d.]+ \[\d+ (\S+)\] (.*)$/s.exec(line);
  if (match === null) return undefined;
  const words = [...match[2]!.matchAll(/"((?:\\.|[^"\\])*)"/gs)].map(([, word]) =>
    word!.replace(/\\(["\\])/g, "$1"),
  );
  return { client: match[1]!, words };
}

const MOST_WORD_CELLS = 40;

function shownWord(word: string): string {
  const cut = word.length > MOST_WORD_CELLS ? `${word.slice(0, MOST_WORD_CELLS - 1)}…` : word;
  const text = displayLines(cut).replaceAll("\n", "\\n");
  return text === "" || /\s/.test(text) ? `"${text}"` : text;
}
