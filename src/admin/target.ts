import { Problem } from "./problem.ts";

/** What a request line asks for. */
export interface Target {
  /** As sent, without the query: percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** @param url absolute, or a path: the runtime gives a path for a request without a `Host` header */
export function parseTarget(url: string): Target {
  const from = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("//") + 2);
  const whole = (from < 0 ? "/" : url.slice(from)).split("#", 1)[0]!;
  const question = whole.indexOf("?");
  if (question < 0) return { path: whole, query: new URLSearchParams() };
  return { path: whole.slice(0, question), query: new URLSearchParams(whole.slice(question + 1)) };
}

/**
 * Decodes a percent-encoded part of a path into bytes, which need not be UTF-8.
 * @throws Problem with status 400
 */
export function percentDecoded(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  const decoded = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at]!;
    if (byte === PERCENT) {
      const digits = bytes.toString("latin1", at + 1, at + 3);
      if (!/^[0-9a-f]{2}$/i.test(digits))
        throw new Problem(400, "a % in the path must be followed by two hexadecimal digits");
      byte = Number.parseInt(digits, 16);
      at += 2;
    }
    decoded[length++] = byte;
  }
  return decoded.subarray(0, length);
}

const PERCENT = 0x25;

/** Decodes base64, the alphabet for URLs included. @throws Problem with status 400 */
export function base64Decoded(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) || text.replace(/=+$/, "").length % 4 === 1) {
    throw new Problem(400, "the key is not base64");
  }
  return new Uint8Array(Buffer.from(text, "base64"));
}
