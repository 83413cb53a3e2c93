/**
 * Sends the same random commands to the real Redis and to our server: the replies must be the same, byte for byte.
 * `GLASSCACHE_DIFFERENTIAL_COMMANDS` sets how many commands are run, `GLASSCACHE_DIFFERENTIAL_SEED` repeats a run.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RunningServer as RedisServer, startRedis } from "../../test/support/origins.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { SeededRandom } from "../lib/random.ts";
import { decodeReply, type ReplyValue } from "../protocol/reply-value.ts";
import { type RunningServer, startServer } from "./start.ts";

const COMMANDS = Number(process.env["GLASSCACHE_DIFFERENTIAL_COMMANDS"] ?? 6000);
const SEED = Number(process.env["GLASSCACHE_DIFFERENTIAL_SEED"] ?? 20_261_122);

const redis = requireProgram("redis-server");

/** How many commands before the failing one are shown. */
const HISTORY = Number(process.env["GLASSCACHE_DIFFERENTIAL_HISTORY"] ?? 12);

/** Bytes of a reply or an argument, one character a byte. */
type Command = readonly string[];

const KEYS = ["a", "b", "c", "key:1", "key:2", "", "\x00\xff binary", "K", "hello", "hallo"];
const INTEGERS = [
  ...["0", "1", "-1", "7", "42", "100", "-300", "9007199254740991", "9007199254740993", "-9007199254740993"],
  ...["9223372036854775807", "-9223372036854775808", "9223372036854775808", "9223372036854775800"],
  ...["007", "-0", "+5", "1.5", "", " 1", "1 ", "abc", "12345678901234567890"],
];
const FLOATS = [
  ...["0", "1", "-1", "0.1", "-0.1", "3.14159", "1e3", "-2.5E-3", ".5", "5.", "1e", "0x1p3", "0x.8", "0x"],
  ...["inf", "-Infinity", "nan", "1e4932", "1.2e4932", "1e5000", "1e-5000", "3e-4951", "1e30", "-1e30"],
  ...["123456789012345678901234567890", "0.00000000000000001", "5.0e3", "+1.25", " 1", "1 ", "", "x"],
  ...["18446744073709551615", "0.30000000000000004", "1e17", "1.7976931348623157e308"],
];
const VALUES = ["", "x", "hello world", "\x00\x01\xfe", "10", "-5", "3.0e3", "A".repeat(70), "\r\n"];
/** So far ahead that it does not come during the test, and the same in the past. */
const SECONDS = [
  "100",
  "1000",
  "4102444800",
  "0",
  "-1",
  "9223372036854775807",
  "9223372036854776",
  "x",
  "1.5",
];
const SECONDS_AT = ["4102444800", "4102444801", "1", "0", "-5", "9223372036854776", "x"];
const MS_AT = ["4102444800000", "4102444800500", "1000", "0", "-5", "9007199254740991", "x"];
const PATTERNS = [
  "*",
  "key:*",
  "h?llo",
  "h[ae]llo",
  "h[^e]llo",
  "[a-c]",
  "[c-a]",
  "\\a",
  "*l*o",
  "**",
  "[",
  "a*",
  "?",
];

/** Commands whose replies depend on the server's own order, or on the present moment. */
const UNORDERED = new Set(["keys", "scan", "randomkey"]);
const TIMED = new Set(["ttl", "pttl", "expiretime", "pexpiretime"]);

const TAKE_TIMES = new Set(["set", "setex", "psetex", "getex", "expire", "pexpire"]);

class Generator {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  below(bound: number): number {
    return this.#random.below(bound);
  }

  command(): Command {
    const roll = this.below(100);
    const command = this.#wellFormed();
    if (roll >= 6) return this.#inAnyCase(command);
    // Sometimes one argument too many, one too few, or one of the wrong kind.
    if (roll < 2) return command.slice(0, -1).length === 0 ? command : command.slice(0, -1);
    // Errors repeat arguments as text here; Redis repeats their bytes, up to the first zero byte.
    if (roll < 4) return [...command, this.#random.pick(INTEGERS)];
    if (roll < 5)
      return ["nosuchcommand", ...command.slice(1).filter((argument) => !/[^ -~]/.test(argument))];
    const bad = 1 + this.below(command.length);
    // A number might become a time that comes during the test.
    const other = TAKE_TIMES.has(command[0]!) ? "abc" : this.#random.pick(INTEGERS);
    return command.map((argument, index) => (index === bad ? other : argument));
  }

  #inAnyCase(command: Command): Command {
    return this.below(4) === 0 ? [command[0]!.toUpperCase(), ...command.slice(1)] : command;
  }

  #wellFormed(): Command {
    const key = () => this.#key();
    const value = () => this.#value();
    const integer = () => this.#random.pick(INTEGERS);
    const forms: (() => Command)[] = [
      () => ["get", key()],
      () => ["set", key(), value()],
      () => ["set", key(), value(), ...this.#setOptions()],
      () => ["set", key(), integer()],
      () => ["set", key(), this.#random.pick(FLOATS)],
      () => ["setnx", key(), value()],
      () => ["setex", key(), this.#random.pick(SECONDS), value()],
      () => ["psetex", key(), `${this.#random.pick(SECONDS)}000`, value()],
      () => ["getset", key(), value()],
      () => ["getdel", key()],
      () => ["getex", key(), ...this.#getexOptions()],
      () => ["mget", ...this.#some(key, 4)],
      () => ["mset", ...this.#some(key, 3).flatMap((name) => [name, value()])],
      () => ["msetnx", ...this.#some(key, 2).flatMap((name) => [name, value()])],
      () => ["append", key(), value()],
      () => ["strlen", key()],
      () => ["getrange", key(), integer(), integer()],
      () => ["substr", key(), String(this.below(12) - 6), String(this.below(12) - 6)],
      () => ["getrange", key(), String(this.below(12) - 6), String(this.below(12) - 6)],
      () => ["setrange", key(), String(this.below(20)), value()],
      () => ["setrange", key(), integer(), value()],
      () => ["incr", key()],
      () => ["decr", key()],
      () => ["incrby", key(), integer()],
      () => ["decrby", key(), integer()],
      () => ["incrbyfloat", key(), this.#random.pick(FLOATS)],
      () => ["incrbyfloat", key(), String((this.#random.next() - 0.5) * 10 ** this.below(20))],
      () => ["del", ...this.#some(key, 3)],
      () => ["unlink", ...this.#some(key, 2)],
      () => ["exists", ...this.#some(key, 3)],
      () => ["touch", ...this.#some(key, 3)],
      () => ["type", key()],
      () => ["rename", key(), key()],
      () => ["renamenx", key(), key()],
      () => [
        "copy",
        key(),
        key(),
        ...this.#pickSome(["replace", "REPLACE", "db", "0", "1", "x", "9999999999"], 2),
      ],
      () => ["keys", this.#random.pick(PATTERNS)],
      () => ["SCAN", "0", "count", "100000", ...this.#scanOptions()],
      () => ["scan", integer(), ...this.#scanOptions()],
      () => ["randomkey"],
      () => ["dbsize"],
      // Two times relative to now, a moment apart, may be equal or not. So GT and LT only get fixed times.
      () => ["expire", key(), this.#random.pick(SECONDS), ...this.#pickSome(["nx", "XX", "bogus"], 1)],
      () => ["pexpire", key(), `${this.#random.pick(SECONDS)}000`, ...this.#pickSome(["NX", "xx"], 1)],
      () => ["expireat", key(), this.#random.pick(SECONDS_AT), ...this.#expireOptions()],
      () => ["pexpireat", key(), this.#random.pick(MS_AT), ...this.#expireOptions()],
      () => [this.#random.pick([...TIMED]), key()],
      () => [this.#random.pick([...TIMED]), key()],
      () => ["persist", key()],
      () => ["multi"],
      () => ["exec"],
      () => ["exec"],
      () => ["discard"],
      () => ["watch", ...this.#some(key, 2)],
      () => ["unwatch"],
      () => ["echo", value()],
      () => ["ping", ...this.#pickSome(["x"], 1)],
      () => ["select", this.#random.pick(["0", "1", "-1", "x"])],
    ];
    if (this.below(150) === 0) {
      return [this.#random.pick(["flushall", "flushdb"]), ...this.#pickSome(["sync", "ASYNC", "x"], 1)];
    }
    return this.#random.pick(forms)();
  }

  #key(): string {
    return this.#random.pick(KEYS);
  }

  #value(): string {
    return this.#random.pick(this.below(3) === 0 ? INTEGERS : VALUES);
  }

  #some(make: () => string, most: number): string[] {
    return Array.from({ length: 1 + this.below(most) }, make);
  }

  #pickSome(from: readonly string[], most: number): string[] {
    return Array.from({ length: this.below(most + 1) }, () => this.#random.pick(from));
  }

  #setOptions(): string[] {
    const options = ["nx", "xx", "get", "keepttl", "NX", "XX", "Get", "KeepTTL", "persist", ...this.#times()];
    return Array.from({ length: 1 + this.below(3) }, () => this.#random.pick(options)).flatMap((option) =>
      option.split(" "),
    );
  }

  #getexOptions(): string[] {
    const options = ["persist", "PERSIST", "keepttl", ...this.#times()];
    return Array.from({ length: this.below(3) }, () => this.#random.pick(options)).flatMap((option) =>
      option.split(" "),
    );
  }

  #times(): string[] {
    return [
      ...SECONDS.flatMap((time) => [`ex ${time}`, `PX ${time}000`]),
      // A time in the past leaves an expired key, which may still be counted. So there are none here.
      ...["4102444800", "0", "-5", "x"].map((time) => `ExAt ${time}`),
      ...["4102444800000", "0", "-5", "x"].map((time) => `pxat ${time}`),
      "ex",
      "pxat",
    ];
  }

  #expireOptions(): string[] {
    return this.#pickSome(["nx", "xx", "gt", "lt", "NX", "Gt", "bogus"], 2);
  }

  #scanOptions(): string[] {
    const options = [
      ...PATTERNS.map((pattern) => ["match", pattern]),
      ...["string", "STRING", "list", "nosuchtype"].map((type) => ["type", type]),
      ...[["count", "0"], ["count", "-1"], ["count", "x"], ["count"], ["bogus", "1"]],
    ];
    return this.below(2) === 0 ? this.#random.pick(options) : [];
  }
}

/** One connection to each of the two servers. */
interface Pair {
  readonly theirs: RawClient;
  readonly ours: RawClient;
  readonly label: string;
  inTransaction: boolean;
}

for (const engine of ["memory", "lmdb"] as const) {
  describe.skipIf(!redis.available)(redis.title(`the same replies as Redis, from ${engine},`), () =>
    compareWithRedis(engine),
  );
}

function compareWithRedis(engine: "memory" | "lmdb"): void {
  const directory = new TemporaryDirectory();
  let origin: RedisServer;
  let own: RunningServer;

  beforeAll(async () => {
    origin = await startRedis({ args: ["--databases", "1"] });
    own = await startServer({
      host: "127.0.0.1",
      port: 0,
      engine,
      dataDirectory: directory.path,
      sync: "interval",
      memoryBytes: 32 * 1024 ** 2,
      whenFull: "refuse",
    });
  });
  afterAll(async () => {
    await origin?.[Symbol.asyncDispose]();
    await own?.close();
    directory[Symbol.dispose]();
  });

  async function connect(version: 2 | 3, label: string): Promise<Pair> {
    const theirs = await RawClient.connect(origin.port);
    const ours = await RawClient.connect(own.port);
    await theirs.ask("HELLO", String(version));
    await ours.ask("HELLO", String(version));
    return { theirs, ours, label, inTransaction: false };
  }

  test(`to ${COMMANDS} random commands (seed ${SEED})`, async () => {
    const generator = new Generator(SEED);
    const pairs = [await connect(2, "RESP2"), await connect(3, "RESP3")];
    const history: string[] = [];
    for (let n = 0; n < COMMANDS; n++) {
      const pair = pairs[generator.below(4) === 0 ? 1 : 0]!;
      const command = generator.command();
      const name = command[0]!.toLowerCase();
      if (pair.inTransaction && (UNORDERED.has(name) || TIMED.has(name))) continue;
      history.push(`${pair.label} ${command.map((argument) => JSON.stringify(argument)).join(" ")}`);
      const args = command.map(fromLatin1);
      const [theirs, ours] = await Promise.all([pair.theirs.ask(...args), pair.ours.ask(...args)]);
      if (name === "multi" && isOk(theirs)) pair.inTransaction = true;
      if ((name === "exec" || name === "discard") && command.length === 1) pair.inTransaction = false;
      if (!sameReply(command, theirs, ours)) {
        expect(`${history.slice(-HISTORY).join("\n")}\n=> ${latin1(ours)}`).toBe(
          `${history.slice(-HISTORY).join("\n")}\n=> ${latin1(theirs)}`,
        );
      }
    }
    pairs.forEach(close);
  });

  /** Sends the same request to both servers, and expects the same reply. */
  async function compare(pair: Pair, ...command: string[]): Promise<void> {
    const args = command.map(fromLatin1);
    const [theirs, ours] = await Promise.all([pair.theirs.ask(...args), pair.ours.ask(...args)]);
    if (sameReply(command, theirs, ours)) return;
    expect(`${JSON.stringify(command)} => ${latin1(ours)}`).toBe(
      `${JSON.stringify(command)} => ${latin1(theirs)}`,
    );
  }

  test("to sums of random floating-point numbers", async () => {
    const random = new SeededRandom(SEED);
    const pair = await connect(2, "RESP2");
    for (let n = 0; n < COMMANDS / 4; n++) {
      const sum = randomNumber(random);
      await compare(pair, "SET", "sum", sum);
      await compare(pair, "INCRBYFLOAT", "sum", randomNumber(random));
      // Often close to the negative of the other number, so that digits cancel.
      await compare(pair, "INCRBYFLOAT", "sum", sum.startsWith("-") ? sum.slice(1) : `-${sum}`);
    }
    close(pair);
  });

  test("to random patterns", async () => {
    const random = new SeededRandom(SEED);
    const pair = await connect(2, "RESP2");
    await compare(pair, "FLUSHALL");
    const alphabet = ["a", "b", "-", "]", "[", "^", "\\", "*", "?", "\x80", "\xff"];
    const text = (most: number) =>
      Array.from({ length: random.below(most) }, () => random.pick(alphabet)).join("");
    for (let n = 0; n < 60; n++) await compare(pair, "SET", text(7), "x");
    for (let n = 0; n < COMMANDS / 4; n++) await compare(pair, "KEYS", text(9));
    close(pair);
  });
}

function close(pair: Pair): void {
  pair.theirs.close();
  pair.ours.close();
}

/** Returns a number in one of many forms, of any size, with few digits or many. */
function randomNumber(random: SeededRandom): string {
  const digits = (most: number) =>
    Array.from({ length: random.below(most) }, () => random.below(10)).join("");
  const sign = random.pick(["", "-", "+"]);
  const whole = digits(random.pick([2, 5, 25])) || "0";
  const fraction = random.below(3) === 0 ? "" : `.${digits(random.pick([3, 20, 40]))}`;
  const exponent =
    random.below(3) > 0
      ? ""
      : `e${random.below(2) === 0 ? "-" : ""}${random.below(random.pick([5, 30, 400]))}`;
  if (random.below(8) > 0) return `${sign}${whole}${fraction}${exponent}`;
  const hexadecimal = Array.from({ length: 1 + random.below(24) }, () => random.below(16).toString(16)).join(
    "",
  );
  return `${sign}0x${hexadecimal.slice(0, 8)}.${hexadecimal.slice(8)}p${random.below(200) - 100}`;
}

function isOk(reply: Uint8Array): boolean {
  return latin1(reply) === "+OK\r\n";
}

function sameReply(command: Command, theirs: Uint8Array, ours: Uint8Array): boolean {
  const name = command[0]!.toLowerCase();
  const [a, b] = [latin1(theirs), latin1(ours)];
  if (a === b) return true;
  if (a[0] === "-" || b[0] === "-" || a[0] !== b[0]) return false;
  if (TIMED.has(name) && a[0] === ":") {
    const tolerance = name.startsWith("p") ? 2000 : 2;
    return Math.abs(Number(a.slice(1)) - Number(b.slice(1))) <= tolerance && Number(a.slice(1)) > 0;
  }
  if (name === "randomkey") return true;
  // Servers may differ in how far one step goes, except for a step that visits everything.
  if (name === "scan" && command.slice(1, 4).join(" ") !== "0 count 100000") return true;
  if (UNORDERED.has(name)) return sorted(theirs) === sorted(ours);
  return false;
}

/** Runs KEYS, or a SCAN of everything, and returns its keys in order. */
function sorted(reply: Uint8Array): string {
  const value = decodeReply(reply, 0, reply.length) as ReplyValue[];
  if (!Array.isArray(value[1])) return names(value as Uint8Array[]);
  const [cursor, keys] = value as [Uint8Array, Uint8Array[]];
  return `${latin1(cursor)} ${names(keys)}`;
}

function names(keys: readonly Uint8Array[]): string {
  return JSON.stringify(keys.map((key) => latin1(key)).sort());
}
