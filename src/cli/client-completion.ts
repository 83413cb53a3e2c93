import type { Reply } from "../client/client.ts";
import { HOT_BY } from "../instruments/view.ts";
import { fromStrictUtf8, latin1 } from "../lib/bytes.ts";
import { ownCommands } from "../proxy/own-commands.ts";
import { quoted } from "./reply-text.ts";

/** Tab completion of the interactive client: verbs, subcommands, options, and keys on the server. */

const OWN_VERBS = ["PUT", "GET", "DELETE", "DUMP", "HELP", "QUIT"];

/** Replacements for the last word, and that word, in the form that readline expects. */
export type Completed = [candidates: string[], replaced: string];

/** Asks the server. Byte strings in the reply are text, or bytes if `as` is "bytes". */
export type Ask = (words: readonly (string | Uint8Array)[], as?: "bytes") => Promise<Reply>;

/** Limits for finding keys: number of SCANs, keys per SCAN, time, keys found. */
const SCAN_CALLS = 20;
const SCAN_COUNT = 1000;
const SCAN_MS = 200;
const MOST_KEYS = 200;

/** What the server says about a command. */
interface Knowledge {
  readonly subcommands: readonly string[];
  /** Positions of its keys: first, last (negative: counted from the end), step. First 0: unknown or none. */
  readonly keys: readonly [first: number, last: number, step: number];
  readonly options: readonly string[];
}

const NOTHING: Knowledge = { subcommands: [], keys: [0, 0, 0], options: [] };

/** Options of commands for servers whose COMMAND DOCS lacks them. */
const OPTIONS: Readonly<Record<string, string>> = {
  set: "EX PX EXAT PXAT NX XX KEEPTTL GET",
  getex: "EX PX EXAT PXAT PERSIST",
  expire: "NX XX GT LT",
  pexpire: "NX XX GT LT",
  expireat: "NX XX GT LT",
  pexpireat: "NX XX GT LT",
  scan: "MATCH COUNT TYPE",
  copy: "DB REPLACE",
  flushall: "ASYNC SYNC",
  flushdb: "ASYNC SYNC",
  "client|list": "TYPE ID",
  "client|kill": "ID TYPE ADDR LADDR USER SKIPME",
  "client|tracking": "ON OFF REDIRECT PREFIX BCAST OPTIN OPTOUT NOLOOP",
  "glass.source": "ON OFF",
  "glass.whatif": "RESET",
  "glass.hotkeys": HOT_BY.join(" ").toUpperCase(),
  "glass.watch": "OFF",
};

/** The proxy's own commands. Its origin's COMMAND INFO and COMMAND DOCS do not know them. */
const OWN_COMMANDS: ReadonlyMap<string, (typeof ownCommands)[number]> = new Map(
  ownCommands.map((row) => [row.name, row]),
);
/** Those of them whose first argument is a key. */
const OWN_KEYED: ReadonlySet<string> = new Set(["glass.explain", "glass.get", "glass.watch"]);

/** Completes lines for one server. Caches what the server says about commands. */
export class CommandCompleter {
  readonly #ask: Ask;
  readonly #nowMs: () => number;
  readonly #known = new Map<string, Knowledge>();
  #verbs: readonly string[] = OWN_VERBS;

  /** @param ask rejects if the server cannot be asked now */
  constructor(ask: Ask, nowMs: () => number) {
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  /**
   * Asks for the names of commands.
   * @param isProxy whether the server also has Glasscache's own commands
   */
  async learn(isProxy: boolean): Promise<void> {
    const own = isProxy ? [...OWN_COMMANDS.keys()].map((name) => name.toUpperCase()) : [];
    this.#verbs = [...OWN_VERBS, ...own].sort();
    // Redis before 7 cannot list its commands.
    const reply = await this.#ask(["COMMAND", "LIST"]).catch(() => []);
    if (!Array.isArray(reply)) return;
    const names = reply.map((name) => String(name).toUpperCase()).filter((name) => /^[\w.-]+$/.test(name));
    this.#verbs = [...new Set([...this.#verbs, ...names])].sort();
  }

  /** Completes the line up to the cursor. */
  async complete(line: string): Promise<Completed> {
    const [, verb = "", rest] = /^\s*(\S*)(?:\s+(.*))?$/s.exec(line)!;
    if (rest === undefined) return [inCaseOf(verb, this.#verbs, " "), verb];
    const upper = verb.toUpperCase();
    if (upper === "HELP" || upper === "QUIT") return [[], ""];
    const isText = upper === "GET" || upper === "DELETE" || upper === "PUT";
    if (isText && !/^["']/.test(rest)) {
      if (upper === "PUT" && rest.includes("=")) return [[], ""];
      return [await this.#keys(rest, upper === "PUT" ? "=" : "", isPlainKey), rest];
    }
    return this.#argument(verb, rest);
  }

  async #argument(verb: string, rest: string): Promise<Completed> {
    const words = rest.match(/"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$)|\S+/g) ?? [];
    const begun = /\s$/.test(rest) && !isOpen(words.at(-1)) ? "" : (words.pop() ?? "");
    const name = verb.toLowerCase();
    const container = await this.#about(name);
    if (container.subcommands.length > 0 && words.length === 0) {
      return [inCaseOf(begun, container.subcommands, " "), begun];
    }
    const full = container.subcommands.length === 0 ? name : `${name}|${words[0]!.toLowerCase()}`;
    const { keys, options } = container.subcommands.length === 0 ? container : await this.#about(full);
    const at = words.length + 1;
    if (isKeyAt(keys, at) || (at === 1 && OWN_KEYED.has(name))) {
      const found = await this.#keys(unquoted(begun), " ", isPlainWord);
      return [[...(begun === "" ? [] : inCaseOf(begun, options, " ")), ...found], begun];
    }
    if (full === "config|get" || (full === "config|set" && at % 2 === 0)) {
      return [await this.#parameters(begun), begun];
    }
    return [inCaseOf(begun, options, " "), begun];
  }

  async #about(name: string): Promise<Knowledge> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const own = OWN_COMMANDS.get(name);
    if (own !== undefined) return knowledgeOfOwn(own);
    try {
      const [info, docs] = await Promise.all([
        this.#ask(["COMMAND", "INFO", name]),
        this.#ask(["COMMAND", "DOCS", name]).catch(() => null),
      ]);
      const knowledge = knowledgeOf(name, info, docs);
      this.#known.set(name, knowledge);
      return knowledge;
    } catch {
      return { ...NOTHING, options: OPTIONS[name]?.split(" ") ?? [] };
    }
  }

  /** Finds keys with this prefix, quoted as needed and followed by `end`. */
  async #keys(prefix: string, end: string, isPlain: (key: string) => boolean): Promise<string[]> {
    const match = `${prefix.replace(/[\\*?[\]]/g, "\\$&")}*`;
    const found = new Set<string>();
    const untilMs = this.#nowMs() + SCAN_MS;
    let cursor = "0";
    try {
      for (let call = 0; call < SCAN_CALLS; call++) {
        const words = ["SCAN", cursor, "MATCH", match, "COUNT", String(SCAN_COUNT)];
        const [next, keys] = (await this.#ask(words, "bytes")) as [Uint8Array, Uint8Array[]];
        for (const key of keys) {
          const text = fromStrictUtf8(key);
          found.add(`${text !== undefined && isPlain(text) ? text : quoted(key)}${end}`);
        }
        cursor = latin1(next);
        if (cursor === "0" || found.size >= MOST_KEYS || this.#nowMs() >= untilMs) break;
      }
    } catch {
      // Complete with the keys found so far.
    }
    return [...found].sort().slice(0, MOST_KEYS);
  }

  async #parameters(begun: string): Promise<string[]> {
    const reply = await this.#ask(["CONFIG", "GET", `${begun.toLowerCase()}*`]).catch(() => null);
    return reply instanceof Map ? [...reply.keys()].map((name) => `${String(name)} `).sort() : [];
  }
}

function knowledgeOfOwn({ name, subcommands = [] }: (typeof ownCommands)[number]): Knowledge {
  return {
    keys: [0, 0, 0],
    subcommands: subcommands.map((row) => row.name.replace(/^.*\|/, "").toUpperCase()).sort(),
    options: OPTIONS[name]?.split(" ") ?? [],
  };
}

function knowledgeOf(name: string, info: Reply, docs: Reply): Knowledge {
  const row = Array.isArray(info) && Array.isArray(info[0]) ? info[0] : [];
  const position = (index: number) => (typeof row[index] === "number" ? row[index] : 0);
  const told = docs instanceof Map ? docs.get(name) : undefined;
  const about = told instanceof Map ? told : new Map<Reply, Reply>();
  const subcommands = about.get("subcommands");
  const options = optionsOf(about.get("arguments"));
  return {
    keys: [position(3), position(4), position(5)],
    subcommands:
      subcommands instanceof Map
        ? [...subcommands.keys()].map((full) => String(full).replace(/^.*\|/, "").toUpperCase()).sort()
        : [],
    options: options.length > 0 ? options : (OPTIONS[name]?.split(" ") ?? []),
  };
}

/** Collects the option words of a command from its COMMAND DOCS, at any depth. */
function optionsOf(reply: Reply | undefined): string[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((argument) => {
    if (!(argument instanceof Map)) return [];
    const token = argument.get("token");
    const own = typeof token === "string" && token !== "" ? [token] : [];
    return [...own, ...optionsOf(argument.get("arguments"))];
  });
}

function isKeyAt([first, last, step]: Knowledge["keys"], at: number): boolean {
  if (first < 1 || at < first || (last >= 0 && at > last)) return false;
  return (at - first) % Math.max(1, step) === 0;
}

/** The names with this beginning, in the case in which it was typed. */
function inCaseOf(begun: string, names: readonly string[], end: string): string[] {
  const isLower = begun !== "" && begun === begun.toLowerCase();
  return names
    .filter((name) => name.startsWith(begun.toUpperCase()))
    .map((name) => `${isLower ? name.toLowerCase() : name}${end}`);
}

/** Whether a key needs no quotes after GET, PUT and DELETE. */
function isPlainKey(key: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
  return !/^["'\s]|\s$|[=\x00-\x1f\x7f-\x9f]/.test(key) && key !== "";
}

/** Whether a key needs no quotes as one of several words. */
function isPlainWord(key: string): boolean {
  return isPlainKey(key) && !/[\s"'\\]/.test(key);
}

/** Whether a word begins with a quote that is not closed. */
function isOpen(word: string | undefined): boolean {
  if (word === undefined || !/^["']/.test(word)) return false;
  return word.length === 1 || !word.endsWith(word[0]!) || /(?:^|[^\\])(?:\\\\)*\\.$/s.test(word.slice(1));
}

/** The text of a word, without the quote that it may begin with. */
function unquoted(word: string): string {
  if (!/^["']/.test(word)) return word;
  const end = word.length > 1 && word.endsWith(word[0]!) ? -1 : undefined;
  return word.slice(1, end).replace(/\\(["'\\])/g, "$1");
}
