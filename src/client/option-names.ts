/** Names of options, so that a misspelt one is refused rather than ignored. */

import { nameOf } from "./arguments.ts";

/** Calls that have options; `reconnect` is an option of `connect` and has options itself. */
export type OptionedCall =
  | "connect"
  | "reconnect"
  | "tls"
  | "put"
  | "set"
  | "get"
  | "mget"
  | "delete"
  | "expire"
  | "dump"
  | "request"
  | "getOrSet";

const CALL = ["timeoutMs", "signal"];
const READ = ["as", ...CALL];

const OPTIONS: Readonly<Record<OptionedCall, readonly string[]>> = {
  connect: [
    ...[
      "url",
      "host",
      "port",
      "user",
      "password",
      "tls",
      "connectTimeoutMs",
      "timeoutMs",
      "silenceMs",
      "reconnect",
    ],
    ...["retryReads", "maxPendingCalls", "maxPendingBytes", "leaseConnections", "onEvent", "signal"],
    ...["clock", "random"],
  ],
  reconnect: ["firstDelayMs", "maxDelayMs", "maxAttempts"],
  tls: ["ca", "cert", "key", "servername", "rejectUnauthorized"],
  put: ["ttlMs", ...READ],
  set: ["ttlMs", ...READ],
  get: READ,
  mget: READ,
  delete: CALL,
  expire: ["ttlMs", ...CALL],
  dump: ["batch", ...READ],
  request: READ,
  getOrSet: ["ttlMs", "leaseMs", "waitMs", ...READ],
};

/** Names of these options in other libraries, in lower case, without `-` and `_`. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ttl: "ttlMs",
  px: "ttlMs",
  ex: "ttlMs",
  expire: "ttlMs",
  expires: "ttlMs",
  expiresin: "ttlMs",
  maxage: "ttlMs",
  timeout: "timeoutMs",
  connecttimeout: "connectTimeoutMs",
  hostname: "host",
  ssl: "tls",
  certificate: "cert",
  privatekey: "key",
  cafile: "ca",
  sni: "servername",
  insecure: "rejectUnauthorized",
  username: "user",
  pass: "password",
  auth: "password",
  uri: "url",
  encoding: "as",
  codec: "as",
  returnbuffers: "as",
  retry: "reconnect",
  retrystrategy: "reconnect",
  reconnectstrategy: "reconnect",
  lease: "leaseMs",
  lock: "leaseMs",
  wait: "waitMs",
  count: "batch",
  abortsignal: "signal",
};

/** @throws TypeError unless `options` is an object whose every field is an option of `call` */
export function checkOptions(call: OptionedCall, options: unknown): void {
  const known = OPTIONS[call];
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(
      `the options of ${call} are ${nameOf(options)}: they are an object, such as { ${known[0]} }`,
    );
  }
  for (const name in options)
    if (!known.includes(name)) throw new TypeError(unknownOption(call, name, known));
}

function unknownOption(call: string, name: string, known: readonly string[]): string {
  const right = rightName(name, known);
  const advice = right === undefined ? `there are ${known.join(", ")}` : `did you mean "${right}"?`;
  const unit = right?.endsWith("Ms") === true && !/m(?:illi)?s$/i.test(name) ? " It is in milliseconds." : "";
  return `${call} has no option "${name}": ${advice}${unit}`;
}

/** Returns the option that a misspelt name probably means. */
function rightName(name: string, known: readonly string[]): string | undefined {
  const plain = plainName(name);
  const synonym = Object.hasOwn(SYNONYMS, plain) ? SYNONYMS[plain] : undefined;
  if (synonym !== undefined && known.includes(synonym)) return synonym;
  // Allow one mistake for every three letters.
  let fewest = Math.max(1, Math.floor(plain.length / 3)) + 1;
  let nearest: string | undefined;
  for (const [written, option] of writtenNames(known)) {
    const slips = editDistance(plain, written);
    if (slips < fewest) {
      fewest = slips;
      nearest = option;
    }
  }
  return nearest;
}

/** What people write for these options: their names, with or without the unit, and those of other libraries. */
function writtenNames(known: readonly string[]): (readonly [written: string, option: string])[] {
  const own = known.map((option) => [plainName(option), option] as const);
  const withoutUnit = own.map(([written, option]) => [written.replace(/ms$/, ""), option] as const);
  // Short names differ by one letter from too many others, as NX from EX.
  const others = Object.entries(SYNONYMS).filter(
    ([written, option]) => written.length > 3 && known.includes(option),
  );
  return [...own, ...withoutUnit, ...others];
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}

/**
 * Returns the least number of letters to add, remove or replace, and neighbours to swap, to get from a to b (optimal
 * string alignment).
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const differs = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + differs);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, beforeLast[column - 2]! + 1);
      }
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}

/** @throws TypeError unless `value` is of the type, or undefined */
export function checkType(
  name: string,
  value: unknown,
  type: "string" | "number" | "boolean" | "function",
): void {
  if (value === undefined || typeof value === type) return;
  const shown = typeof value === "string" && name !== "password" ? ` (${JSON.stringify(value)})` : "";
  throw new TypeError(`${name} is ${nameOf(value)}${shown}, not a ${type}`);
}

/** @throws TypeError unless it is an `AbortSignal`, or undefined */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  if (typeof (signal as AbortSignal)?.addEventListener === "function") return;
  const isController =
    typeof (signal as AbortController)?.abort === "function" ? "; give controller.signal" : "";
  throw new TypeError(`signal is ${nameOf(signal)}, not an AbortSignal${isController}`);
}
