import { createHash } from "node:crypto";
import type { Request } from "../protocol/protocol.ts";
import type { ReplyValue } from "../protocol/reply-value.ts";

/** Scripts remembered. Beyond this number, the ones seen first are forgotten. */
const MOST_SCRIPTS = 10_000;

export interface ScriptSources {
  /** Asks the origin for FUNCTION LIST, with byte strings as text. */
  listFunctions(then: (reply: ReplyValue) => void): void;
  /** Makes the other threads remember a digest, too. */
  tell(digest: string): void;
}

/** The scripts and functions that declare that they write nothing. CLIENT PAUSE WRITE lets them pass. */
export class ReadOnlyScripts {
  readonly #sources: ScriptSources;
  /** SHA1s in hexadecimal, as EVALSHA names them. */
  readonly #digests = new Set<string>();
  /** Callbacks that wait for the origin's list of functions. */
  #waiting: ((names: ReadonlySet<string>) => void)[] | undefined;

  constructor(sources: ScriptSources) {
    this.#sources = sources;
  }

  /**
   * Remembers the script of an EVAL or SCRIPT LOAD, in all threads, if its first line declares that it writes
   * nothing.
   */
  note(name: string, request: Request): void {
    const at = name === "eval" ? 1 : name === "script" && isLoad(request) ? 2 : 0;
    if (at === 0 || at >= request.count || !saysItIsReadOnly(request, at)) return;
    const script = request.bytes.subarray(request.starts[at]!, request.ends[at]!);
    const digest = createHash("sha1").update(script).digest("hex");
    if (this.#digests.has(digest)) return;
    this.add(digest);
    this.#sources.tell(digest);
  }

  add(digest: string): void {
    if (this.#digests.size >= MOST_SCRIPTS) {
      for (const first of this.#digests) {
        this.#digests.delete(first);
        break;
      }
    }
    this.#digests.add(digest);
  }

  /** @param digest a SHA1 in hexadecimal, in any case */
  has(digest: string): boolean {
    return this.#digests.has(digest.toLowerCase());
  }

  /**
   * Asks the origin which functions write nothing. Calls made meanwhile share the answer.
   * @param then gets their names; none if the origin does not say
   */
  withFunctions(then: (names: ReadonlySet<string>) => void): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push(then);
      return;
    }
    this.#waiting = [then];
    this.#sources.listFunctions((reply) => {
      const names = readOnlyFunctions(reply);
      const waiting = this.#waiting!;
      this.#waiting = undefined;
      for (const resume of waiting) resume(names);
    });
  }
}

/** Whether the first line of a script declares that it writes nothing. */
export function saysItIsReadOnly(request: Request, at: number): boolean {
  const { bytes, starts, ends } = request;
  const start = starts[at]!;
  if (ends[at]! - start < 2 || bytes[start] !== 0x23 || bytes[start + 1] !== 0x21) return false;
  const [firstLine = ""] = request.text(at).split("\n", 1);
  return /\bflags=[a-z,-]*\bno-writes\b/.test(firstLine);
}

function isLoad(request: Request): boolean {
  return request.count > 1 && request.text(1).toLowerCase() === "load";
}

/** Returns the names of the functions with the flag `no-writes` in a reply to FUNCTION LIST. */
function readOnlyFunctions(reply: ReplyValue): Set<string> {
  const names = new Set<string>();
  if (!Array.isArray(reply)) return names;
  for (const library of reply) {
    const functions = field(library, "functions");
    if (!Array.isArray(functions)) continue;
    for (const entry of functions) {
      const flags = field(entry, "flags");
      if (Array.isArray(flags) && flags.includes("no-writes")) names.add(String(field(entry, "name")));
    }
  }
  return names;
}

/** Returns a field of a map that came as an array of names and values. */
function field(map: ReplyValue | undefined, name: string): ReplyValue | undefined {
  if (!Array.isArray(map)) return undefined;
  for (let at = 0; at + 1 < map.length; at += 2) if (map[at] === name) return map[at + 1];
  return undefined;
}
