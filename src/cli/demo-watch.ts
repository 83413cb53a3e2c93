import { Call } from "../client/call.ts";
import { type Client, connect } from "../client/client.ts";
import { openLink } from "../client/handshake.ts";
import type { Link } from "../client/link.ts";
import { resolveOptions } from "../client/options.ts";
import { displayLines } from "./terminal-text.ts";

/**
 * Delay before a change at the server is reported: by then, MONITOR has shown the write if it came through the proxy.
 */
const MONITOR_LAG_MS = 150;
/** How often the counters are read until they stop changing. */
const MOST_LOOKS = 10;
/** Most lines shown per second; further ones are only counted. */
const LINES_PER_SECOND = 20;

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

interface CacheFacts {
  readonly hits: number;
  readonly misses: number;
  readonly policy: string;
}

/** Shows other clients' requests to the proxy, and changes that bypass it. */
export class DemoWatch implements AsyncDisposable {
  readonly #show: (line: string) => void;
  readonly #own = new Set<string>();
  /** Keys named in recent requests to the proxy, and when: those requests may have changed them. */
  readonly #named = new Map<string, number>();
  #proxy: Client | undefined;
  #server: Client | undefined;
  #monitor: Link | undefined;
  #counted: CacheFacts = { hits: 0, misses: 0, policy: "" };
  #shown = 0;
  #skipped = 0;
  #isAsking = false;
  #pending: { readonly text: string; readonly keys: number }[] = [];
  readonly #second: ReturnType<typeof setInterval>;

  private constructor(show: (line: string) => void) {
    this.#show = show;
    this.#second = setInterval(() => this.#newSecond(), 1000);
  }

  /** @param show writes one line */
  static async start(
    serverPort: number,
    proxyPort: number,
    show: (line: string) => void,
  ): Promise<DemoWatch> {
    const watch = new DemoWatch(show);
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
    const address = /\baddr=(\S+)/.exec(String(await proxy.command("CLIENT", "INFO")))?.[1];
    if (address !== undefined) this.#own.add(address);
    this.#counted = await this.#steadyFacts();
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
    if (request === undefined || this.#own.has(request.client)) return;
    const verb = (request.words[0] ?? "").toUpperCase();
    if (INTRODUCTIONS.has(verb)) return;
    const text = request.words.map(shownWord).join(" ");
    if (verb !== "GET" && verb !== "MGET") {
      const nowMs = performance.now();
      for (const word of request.words) this.#named.set(word, nowMs);
      this.#line(`proxy: ${text}`);
      return;
    }
    this.#pending.push({ text, keys: request.words.length - 1 });
    if (!this.#isAsking) void this.#tellReads();
  }

  /**
   * Shows reads, and whether they were hits. The cache's counters tell only the sum over reads that came together.
   */
  async #tellReads(): Promise<void> {
    this.#isAsking = true;
    try {
      await Bun.sleep(MONITOR_LAG_MS);
      const reads = this.#pending;
      this.#pending = [];
      const now = await this.#cacheFacts();
      const hits = now.hits - this.#counted.hits;
      const misses = now.misses - this.#counted.misses;
      this.#counted = { ...now, policy: this.#counted.policy };
      // If the counters include reads that MONITOR has not shown yet, the outcome is unknown.
      const asked = reads.reduce((sum, { keys }) => sum + keys, 0);
      const outcome = hits + misses === asked ? outcomeText(hits, misses) : "";
      for (const { text } of reads.slice(0, -1)) this.#line(`proxy: ${text}`);
      this.#line(`proxy: ${reads.at(-1)?.text}${outcome}`);
    } catch {
      // The proxy is ending.
    } finally {
      this.#isAsking = false;
      if (this.#pending.length > 0) void this.#tellReads();
    }
  }

  /**
   * Reads the counters until they stop changing: each thread counts for itself and publishes its counts now and then.
   */
  async #steadyFacts(): Promise<CacheFacts> {
    let facts = await this.#cacheFacts();
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const before = facts;
      await Bun.sleep(2 * MONITOR_LAG_MS);
      facts = await this.#cacheFacts();
      if (facts.hits === before.hits && facts.misses === before.misses) break;
    }
    return facts;
  }

  async #cacheFacts(): Promise<CacheFacts> {
    const info = String(await this.#proxy!.command("INFO", "cache"));
    const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
    return {
      hits: Number(field("cache_hits")),
      misses: Number(field("cache_misses")),
      policy: field("cache_policy"),
    };
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
        if (this.#wasNamed(key)) continue;
        this.#line(`server: ${shownWord(key)} was changed past the proxy; the proxy's entry is invalidated`);
      }
    }, MONITOR_LAG_MS);
  }

  #wasNamed(...words: string[]): boolean {
    const sinceMs = performance.now() - LATELY_MS;
    return words.some((word) =>
      [word, word.toLowerCase()].some(
        (form) => (this.#named.get(form) ?? Number.NEGATIVE_INFINITY) >= sinceMs,
      ),
    );
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
    if (this.#isAsking || this.#monitor === undefined) return;
    const facts = await this.#cacheFacts().catch(() => undefined);
    if (facts === undefined || facts.policy === this.#counted.policy) return;
    this.#counted = { ...this.#counted, policy: facts.policy };
    this.#line(`proxy: the policy is now ${shownWord(facts.policy)}; the entries stay`);
  }
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

export function outcomeText(hits: number, misses: number): string {
  const parts = [];
  if (hits > 0) parts.push(hits === 1 && misses === 0 ? "a hit" : `${hits} ${hits === 1 ? "hit" : "hits"}`);
  if (misses > 0) {
    parts.push(misses === 1 && hits === 0 ? "a miss" : `${misses} ${misses === 1 ? "miss" : "misses"}`);
  }
  return parts.length === 0 ? "" : `   ${parts.join(", ")}`;
}
