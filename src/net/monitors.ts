import { factsOfRequest } from "../commands/command-facts.ts";
import { arityFits } from "../commands/command-table.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import type { Request } from "../protocol/protocol.ts";
import { admit } from "./admission.ts";
import type { Connection } from "./connection.ts";

/** Other threads of the same service, whose clients are told of, too. */
export interface MonitoringThreads {
  /** Whether a client of any thread monitors: asked for each request. */
  readonly hasMonitors: boolean;
  /** A client of this thread has begun, or ended, to monitor. */
  changed(by: 1 | -1): void;
  /** Gives a line to the clients of all other threads that monitor. */
  tell(line: Uint8Array): void;
}

/** MONITOR: shows some clients what all clients ask. */
export class Monitors {
  readonly #clients = new Set<Connection>();
  readonly #threads: MonitoringThreads | undefined;
  readonly #ended: (() => void) | undefined;

  /** @param ended called when the last client of this thread monitors no longer */
  constructor(threads?: MonitoringThreads, ended?: () => void) {
    this.#threads = threads;
    this.#ended = ended;
  }

  /** Whether a client of this thread monitors. */
  get hasOwn(): boolean {
    return this.#clients.size > 0;
  }

  get isOn(): boolean {
    return this.#threads === undefined ? this.#clients.size > 0 : this.#threads.hasMonitors;
  }

  has(connection: Connection): boolean {
    return this.#clients.has(connection);
  }

  add(connection: Connection): void {
    if (this.#clients.has(connection)) return;
    this.#clients.add(connection);
    this.#threads?.changed(1);
    connection.exemptFromIdleTimeout = true;
  }

  /** The client has gone, or is reset. */
  remove(connection: Connection): void {
    if (!this.#clients.delete(connection)) return;
    this.#threads?.changed(-1);
    connection.exemptFromIdleTimeout = false;
    if (!this.hasOwn) this.#ended?.();
  }

  /**
   * Shows a request that is about to be executed: not one that is about the server rather than its data, nor one that
   * is refused by what is known of its command.
   */
  show(request: Request, connection: Connection, wallMs: number): void {
    const isText = connection.protocol === "text";
    const facts = isText ? undefined : factsOfRequest(request);
    if (
      !isText &&
      (facts === undefined || facts.flags.includes("admin") || !arityFits(facts, request.count))
    ) {
      return;
    }
    if (admit(connection, facts) !== undefined) return;
    // Whoever resets itself monitors no longer.
    if (facts?.name === "reset") this.remove(connection);
    const line = monitorLine(request, facts?.name ?? "", connection, wallMs);
    this.shown(line);
    this.#threads?.tell(line);
  }

  /** Gives a line to the clients of this thread that monitor. */
  shown(line: Uint8Array): void {
    for (const client of this.#clients) client.pushBytes(line, 0, line.length);
  }
}

/** Redis's refusal, which it gives when the transaction is executed. */
export const MONITOR_IN_MULTI = "ERR MONITOR isn't allowed for DENY BLOCKING client";

const REDACTED = utf8(' "(redacted)"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Characters that are written as a backslash and a letter. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x0a, 0x6e],
  [0x0d, 0x72],
  [0x09, 0x74],
  [0x07, 0x61],
  [0x08, 0x62],
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
]);

/** A line of MONITOR as Redis writes it: seconds, database and address of the client, the quoted arguments. */
function monitorLine(
  request: Request,
  name: string,
  { database, remoteAddress }: Pick<Connection, "database" | "remoteAddress">,
  wallMs: number,
): Uint8Array {
  const line = new ByteBuffer(128);
  const micros = Math.round(wallMs * 1000);
  const fraction = String(micros % 1e6).padStart(6, "0");
  line.append(utf8(`+${Math.floor(micros / 1e6)}.${fraction} [${database} ${remoteAddress}]`));
  const secrets = secretArguments(request, name);
  for (let index = 0; index < request.count; index++) {
    if (secrets.has(index)) line.append(REDACTED);
    else appendQuoted(line, request.view(index));
  }
  line.append(utf8("\r\n"));
  return new Uint8Array(line.view());
}

/**
 * Arguments that are passwords, or names of users beside one.
 * @param name of the command, in lower case
 */
export function secretArguments(request: Request, name: string): Set<number> {
  const secrets = new Set<number>();
  if (name === "auth") for (let index = 1; index < request.count; index++) secrets.add(index);
  if (name === "config") {
    for (let index = 2; index + 1 < request.count; index += 2) {
      if (request.text(index).toLowerCase() === "requirepass") secrets.add(index + 1);
    }
  }
  if (name !== "hello" && name !== "migrate") return secrets;
  for (let index = name === "hello" ? 2 : 6; index < request.count; index++) {
    const option = request.text(index).toLowerCase();
    const count =
      option === "auth2" || (option === "auth" && name === "hello") ? 2 : option === "auth" ? 1 : 0;
    for (let at = index + 1; at <= index + count; at++) secrets.add(at);
    index += count;
  }
  return secrets;
}

function appendQuoted(line: ByteBuffer, argument: Uint8Array): void {
  line.append(utf8(' "'));
  for (const byte of argument) {
    const letter = ESCAPES.get(byte);
    if (letter !== undefined) line.append(Uint8Array.of(BACKSLASH, letter));
    else if (byte >= 0x20 && byte < 0x7f) line.append(Uint8Array.of(byte));
    else line.append(utf8(`\\x${byte.toString(16).padStart(2, "0")}`));
  }
  line.append(utf8('"'));
}
