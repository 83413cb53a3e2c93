import { ByteBuffer } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import type { Request } from "../protocol/protocol.ts";
import type { Client } from "./client.ts";

const REDACTED = utf8(' "(redacted)"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Bytes that are written as a backslash and a letter. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x0a, 0x6e],
  [0x0d, 0x72],
  [0x09, 0x74],
  [0x07, 0x61],
  [0x08, 0x62],
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
]);

/** A line of MONITOR in Redis's form: the time in seconds, the client's database and address, the quoted arguments. */
export function monitorLine(
  request: Request,
  name: string,
  { database, remoteAddress }: Pick<Client, "database" | "remoteAddress">,
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
 * The positions of passwords, and of user names next to a password.
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
  if (name === "acl" && request.count > 2 && /^(setuser|deluser|getuser)$/i.test(request.text(1))) {
    for (let index = 2; index < request.count; index++) secrets.add(index);
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
