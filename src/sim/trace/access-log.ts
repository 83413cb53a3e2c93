import type { RecordBatch } from "../../replay/records.ts";
import { LineParser } from "./line-parser.ts";
import { dateMs } from "./log-time.ts";
import { operationOf } from "./operation.ts";
import { addKey, quoted, textOf, wholeNumber } from "./record-fields.ts";
import { SizeMemory } from "./size-memory.ts";
import type { ParserContext, TraceFormat, TraceHead } from "./trace-format.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COLON = 0x3a;
const DASH = 0x2d;

const LINE =
  /\[[0-9]{2}\/[A-Za-z]{3}\/[0-9]{4}:[0-9:.]{8,}(?: [+-][0-9]{4})?\] "(?:[^"\\]|\\.)*" (?:[0-9]{3}|-) (?:[0-9]+|-)(?: |$)/;
/** The share of the first lines that must look like this format. */
const SHARE = 0.5;
const IGNORED = "lines without a request for a URL that is read, written or deleted";

/**
 * The common and combined log formats, as nginx, Apache and Varnish write them, with or without a leading virtual
 * host: host, identity, user, [time], "request", status, bytes. Ignores what follows. The key is the URL as the
 * client sent it, after the virtual host if there is one. A response without a body, or with a part of it (206), does
 * not tell the object's size; it gets the size last known.
 */
export const accessLog: TraceFormat = {
  name: "access-log",
  description: "common and combined log format, as nginx, Apache and Varnish write them",
  hasSizes: () => true,
  matches: ({ isText, lines, hasColumns }: TraceHead) => {
    if (!isText || hasColumns) return false;
    const requests = lines.filter((line) => line.trim() !== "");
    const fitting = requests.filter((line) => LINE.test(line));
    return fitting.length > 0 && fitting.length >= SHARE * requests.length;
  },
  describe: () => "key is the URL, size the bytes sent",
  open: (context) => new AccessLog(context),
};

class AccessLog extends LineParser {
  readonly #families: ParserContext["families"];
  readonly #sizes = new SizeMemory();
  /** The last date and its value: many requests share a second, and so the text of its date. */
  #timeText: Uint8Array = new Uint8Array(0);
  #timeMs = 0;

  constructor({ faults, families }: ParserContext) {
    super(faults);
    this.#families = families;
  }

  protected override line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void {
    const open = findTime(bytes, start, end);
    if (open < 0) {
      // Logs of containers mix requests with messages.
      this.faults.ignore(IGNORED);
      return;
    }
    const close = indexOf(bytes, CLOSE, open, end);
    const request = close + 3;
    if (close < 0 || bytes[close + 1] !== SPACE || bytes[close + 2] !== QUOTE) {
      this.bad(`${quoted(bytes, start, end)} has no [time] "request"`);
      return;
    }
    const requestEnd = closingQuote(bytes, request, end);
    const statusEnd = requestEnd < 0 ? -1 : indexOf(bytes, SPACE, requestEnd + 2, end);
    if (statusEnd < 0) {
      this.bad(`${quoted(bytes, request - 1, end)} is not a request, its status and its bytes`);
      return;
    }
    const bytesEnd = endOfField(bytes, statusEnd + 1, end);
    const timeMs = this.#time(bytes, open + 1, close);
    if (Number.isNaN(timeMs)) {
      this.bad(`the time ${quoted(bytes, open + 1, close)} is not of the form 10/Oct/2000:13:55:36 -0700`);
      return;
    }
    const hasSize = bytes[statusEnd + 1] !== DASH;
    const size = hasSize ? wholeNumber(bytes, statusEnd + 1, bytesEnd) : 0;
    if (Number.isNaN(size)) {
      this.bad(`the bytes ${quoted(bytes, statusEnd + 1, bytesEnd)} are not a whole number`);
      return;
    }
    const methodEnd = indexOf(bytes, SPACE, request, requestEnd);
    const operation = methodEnd < 0 ? undefined : operationOf(textOf(bytes, request, methodEnd));
    const urlEnd = methodEnd < 0 ? -1 : endOfField(bytes, methodEnd + 1, requestEnd);
    if (operation === undefined || urlEnd <= methodEnd + 1) {
      this.faults.ignore(IGNORED);
      return;
    }
    const i = batch.count;
    this.#addUrl(bytes, start, open, methodEnd + 1, urlEnd, batch);
    const status = textOf(bytes, requestEnd + 2, statusEnd);
    batch.size[i] = status === "206" || status === "304" ? 0 : size;
    this.#sizes.complete(batch, i);
    batch.operation[i] = operation;
    batch.timeMs[i] = timeMs;
  }

  #time(bytes: Uint8Array, start: number, end: number): number {
    const before = this.#timeText;
    let isSame = before.length === end - start;
    for (let at = start; isSame && at < end; at++) isSame = bytes[at] === before[at - start];
    if (!isSame) {
      this.#timeText = bytes.slice(start, end);
      this.#timeMs = dateMs(textOf(bytes, start, end));
    }
    return this.#timeMs;
  }

  /** Adds the key: the line's virtual host, if it has one, and the URL. */
  #addUrl(
    bytes: Uint8Array,
    start: number,
    open: number,
    urlStart: number,
    urlEnd: number,
    batch: RecordBatch,
  ): void {
    const hostEnd = virtualHostEnd(bytes, start, open);
    if (hostEnd < 0) {
      addKey(batch, bytes, urlStart, urlEnd, this.#families);
      return;
    }
    const url = new Uint8Array(hostEnd - start + urlEnd - urlStart);
    url.set(bytes.subarray(start, hostEnd));
    url.set(bytes.subarray(urlStart, urlEnd), hostEnd - start);
    addKey(batch, url, 0, url.length, this.#families);
  }
}

/** Returns where `[10/Oct/2000:…` begins, -1 if nowhere. Other brackets may come before it. */
function findTime(bytes: Uint8Array, start: number, end: number): number {
  for (let at = indexOf(bytes, OPEN, start, end); at >= 0; at = indexOf(bytes, OPEN, at + 1, end)) {
    if (bytes[at + 3] === 0x2f && bytes[at + 7] === 0x2f && bytes[at + 12] === COLON) return at;
  }
  return -1;
}

/**
 * Returns the end of the virtual host, which Apache's `vhost_combined` writes with its port before the client's
 * address; -1 if there is none. With it there are four fields before the time, else three.
 */
function virtualHostEnd(bytes: Uint8Array, start: number, open: number): number {
  const firstEnd = endOfField(bytes, start, open);
  let colon = firstEnd - 1;
  while (colon > start && bytes[colon]! >= 0x30 && bytes[colon]! <= 0x39) colon--;
  if (bytes[colon] !== COLON || colon === firstEnd - 1) return -1;
  let fields = 0;
  for (let at = start; at < open; ) {
    const fieldEnd = endOfField(bytes, at, open);
    if (fieldEnd > at) fields++;
    at = fieldEnd + 1;
  }
  return fields === 4 ? firstEnd : -1;
}

function closingQuote(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at;
  }
  return -1;
}

function endOfField(bytes: Uint8Array, start: number, end: number): number {
  const found = indexOf(bytes, SPACE, start, end);
  return found < 0 ? end : found;
}

function indexOf(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}
