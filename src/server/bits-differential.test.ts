/**
 * Compares commands on bits, LCS and OBJECT with the real Redis: replies and values must be the same, byte for byte.
 * `GLASSCACHE_DIFFERENTIAL_COMMANDS` sets how many commands are run, `GLASSCACHE_DIFFERENTIAL_SEED` repeats a run.
 */
import { afterAll, beforeAll, describe, test } from "bun:test";
import { RedisComparison } from "../../test/support/redis-comparison.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { SeededRandom } from "../lib/random.ts";

const COMMANDS = Number(process.env["GLASSCACHE_DIFFERENTIAL_COMMANDS"] ?? 3000);
const SEED = Number(process.env["GLASSCACHE_DIFFERENTIAL_SEED"] ?? 20_261_129);

const redis = requireProgram("redis-server");

const KEYS = ["a", "b", "c", "d", "\x00\xff", "missing"];
const BAD_INTEGERS = ["", "x", "1.5", " 1", "01", "-0", "9223372036854775808"];
const LARGE = [
  "9223372036854775807",
  "-9223372036854775808",
  "4294967296",
  "-4294967296",
  "9007199254740993",
];
const TYPES = [
  ...Array.from({ length: 64 }, (_, at) => `i${at + 1}`),
  ...Array.from({ length: 63 }, (_, at) => `u${at + 1}`),
];
const BAD_TYPES = ["u64", "i65", "i0", "u0", "i", "u", "", "8", "I8", "i-1", "i08", "i8 ", "s8"];

class Generator {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  below(bound: number): number {
    return this.#random.below(bound);
  }

  pick<T>(from: readonly T[]): T {
    return this.#random.pick(from);
  }

  command(): string[] {
    const command = this.#wellFormed();
    const roll = this.below(40);
    if (roll === 0) return command.slice(0, -1);
    if (roll === 1) return [...command, this.#integer()];
    if (roll > 3) return this.below(4) === 0 ? [command[0]!.toUpperCase(), ...command.slice(1)] : command;
    // A valid offset must stay small, because it decides how long the value becomes.
    const at = 1 + this.below(command.length - 1);
    return command.map((argument, index) => (index === at ? this.pick(BAD_INTEGERS) : argument));
  }

  #wellFormed(): string[] {
    const key = () => this.pick(KEYS);
    const forms: (() => string[])[] = [
      () => ["set", key(), this.bytes(24)],
      () => ["set", key(), this.bytes(24), "ex", "1000"],
      () => ["del", key()],
      () => ["get", key()],
      () => ["setbit", key(), this.#offset(), this.pick(["0", "1", "0", "1", "2", "-1"])],
      () => ["getbit", key(), this.pick([this.#offset(), ...LARGE, "4294967295"])],
      () => ["bitcount", key()],
      () => ["bitcount", key(), ...this.#range()],
      () => ["bitpos", key(), this.pick(["0", "1"]), ...this.#openRange()],
      () => ["bitpos", key(), this.pick(["0", "1", "2"]), ...this.#range()],
      () => ["bitop", this.pick(["and", "OR", "Xor", "nand"]), key(), ...this.#some(key, 4)],
      () => ["bitop", "not", key(), ...this.#some(key, this.below(4) === 0 ? 2 : 1)],
      () => ["bitfield", key(), ...this.#some(() => this.#step(), 4).flat()],
      () => ["bitfield", key(), ...this.#some(() => this.#step(), 4).flat()],
      () => ["bitfield_ro", key(), ...this.#some(() => this.#get(), 3).flat()],
      () => ["bitfield_ro", key(), ...this.#some(() => this.#step(), 2).flat()],
      () => ["lcs", key(), key(), ...this.#lcsOptions()],
      () => ["object", this.pick(["refcount", "freq", "nosuch"]), "nosuchkey"],
      () => ["strlen", key()],
      () => ["append", key(), this.pick(["", "1", this.bytes(30)])],
      () => ["setrange", key(), String(this.below(50)), this.pick(["", "1", this.bytes(4)])],
      () => [this.pick(["incr", "decr"]), key()],
      () => ["incrbyfloat", key(), this.pick(["1", "0.5", "-2", "x"])],
      () => ["set", key(), this.pick(["0", "12", "9999", "10000", "-5"])],
      () => ["getset", key(), "12"],
      () => ["mset", key(), "12", key(), "text"],
      () => ["setex", key(), "1000", "12"],
      () => ["expire", key(), "1000"],
      () => ["persist", key()],
      () => ["rename", key(), key()],
      () => ["copy", key(), key(), "replace"],
      () => ["expiretime", "nosuchkey"],
    ];
    return this.pick(forms)();
  }

  /** Returns bytes with long runs of ones and of zeros. */
  bytes(most: number): string {
    const kinds = [() => 0, () => 255, () => this.below(256), () => 97 + this.below(3)];
    const kind = this.pick(kinds);
    return Array.from({ length: this.below(most) }, () =>
      String.fromCharCode(this.below(6) === 0 ? this.below(256) : kind()),
    ).join("");
  }

  #some<T>(make: () => T, most: number): T[] {
    return Array.from({ length: 1 + this.below(most) }, make);
  }

  #offset(): string {
    return this.pick([String(this.below(220)), String(this.below(12)), "-1", "4294967296", "x"]);
  }

  #integer(): string {
    return this.pick([String(this.below(600) - 300), String(this.below(40) - 20), ...LARGE]);
  }

  #range(): string[] {
    return [
      this.#integer(),
      this.#integer(),
      ...this.pick([[], [], ["bit"], ["BIT"], ["byte"], ["Byte"], ["x"]]),
    ];
  }

  #openRange(): string[] {
    return this.pick([[], [this.#integer()], [String(this.below(24) - 12)]]);
  }

  #type(): string {
    return this.below(30) === 0 ? this.pick(BAD_TYPES) : this.pick(TYPES);
  }

  #fieldOffset(): string {
    return this.pick([
      this.#offset(),
      String(this.below(100)),
      `#${this.below(8)}`,
      this.pick(["#-1", "#", "#x", "7"]),
    ]);
  }

  #get(): string[] {
    return ["get", this.#type(), this.#fieldOffset()];
  }

  #operand(): string {
    const bits = this.below(63);
    const near = 1n << BigInt(bits);
    return this.pick([
      this.#integer(),
      String(near),
      String(-near),
      String(near - 1n),
      String(-near - 1n),
      this.pick(BAD_INTEGERS.concat("3", "-3", "100", "1")),
    ]);
  }

  #step(): string[] {
    const overflow =
      this.below(2) === 0 ? ["overflow", this.pick(["wrap", "SAT", "Fail", "fail", "sat", "WRAP"])] : [];
    return this.pick([
      this.#get(),
      [...overflow, "set", this.#type(), this.#fieldOffset(), this.#operand()],
      [...overflow, "INCRBY", this.#type(), this.#fieldOffset(), this.#operand()],
      [...overflow, "incrby", this.#type(), this.#fieldOffset(), this.#operand()],
      this.below(20) === 0 ? ["overflow", "x"] : ["overflow", "sat"],
    ]);
  }

  #lcsOptions(): string[] {
    const options = [["idx"], ["IDX"], ["len"], ["withmatchlen"], ["minmatchlen", String(this.below(6) - 1)]];
    const bad = [["minmatchlen"], ["minmatchlen", "x"], ["x"]];
    return Array.from({ length: this.below(4) }, () =>
      this.pick(this.below(20) === 0 ? bad : options),
    ).flat();
  }
}

for (const engine of ["memory", "lmdb"] as const) {
  describe.skipIf(!redis.available)(redis.title(`bits as in Redis, from ${engine},`), () => {
    let servers: RedisComparison;
    beforeAll(async () => {
      servers = await RedisComparison.start(engine);
    });
    afterAll(() => servers?.[Symbol.asyncDispose]());

    test(`in ${COMMANDS} random commands (seed ${SEED})`, async () => {
      const generator = new Generator(SEED);
      const pairs = [await servers.connect(2), await servers.connect(3)];
      for (let n = 0; n < COMMANDS; n++) {
        const pair = pairs[generator.below(2)]!;
        const command = generator.command();
        await pair.same(...command);
        // The key that the command may have changed.
        const name = command[0]!.toLowerCase();
        const written = name === "bitop" ? command[2] : command[1];
        if (written !== undefined && /^(setbit|bitop|bitfield)$/.test(name)) await pair.same("get", written);
        for (const key of command.slice(1)) {
          if (KEYS.includes(key)) await pair.same("object", "encoding", key);
        }
      }
    });

    test("with every type of field and each way to overflow, at its limits", async () => {
      const pair = await servers.connect(3);
      for (const type of TYPES) {
        const bits = BigInt(type.slice(1));
        const most = type.startsWith("i") ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
        const least = type.startsWith("i") ? -most - 1n : 0n;
        for (const overflow of ["WRAP", "SAT", "FAIL"]) {
          await pair.same("DEL", "field");
          const near = [most, least, most - 1n, 1n, -1n, 0n, -most].map(String);
          for (const value of [...near, String(most + 1n), String(least - 1n), ...LARGE]) {
            await pair.same(...["BITFIELD", "field", "OVERFLOW", overflow, "SET", type, "3", value]);
            await pair.same(...["BITFIELD", "field", "OVERFLOW", overflow, "INCRBY", type, "3", value]);
          }
        }
      }
    });

    test("keeping the time to live, except for BITOP", async () => {
      const pair = await servers.connect(2);
      for (const write of [
        "SETBIT k 9 1",
        "SETBIT k 90 1",
        "BITFIELD k SET u8 #3 7",
        "BITOP NOT k k",
        "BITOP OR k none",
      ]) {
        await pair.same("SET", "k", "value");
        await pair.same("PEXPIREAT", "k", "4102444800000");
        await pair.same(...write.split(" "));
        await pair.same("PEXPIRETIME", "k");
        await pair.same("EXISTS", "k");
      }
    });

    test("of a key that exists without a value", async () => {
      const pair = await servers.connect(2);
      await pair.same("SET", "empty", "");
      for (const bit of ["0", "1"]) {
        for (const range of [[], ["0"], ["0", "-1"], ["0", "-1", "BIT"]])
          await pair.same("BITPOS", "empty", bit, ...range);
      }
      await pair.same("BITCOUNT", "empty", "0", "-1");
      await pair.same("BITFIELD", "empty");
      await pair.same("BITFIELD", "unwritten", "OVERFLOW", "FAIL", "INCRBY", "u2", "0", "9");
      await pair.same("EXISTS", "unwritten");
    });

    test("with the encodings of values that were set", async () => {
      const pair = await servers.connect(2);
      const values = [
        "0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "01",
        "1.5",
        "",
      ];
      for (const value of [
        ...values,
        "x".repeat(44),
        "x".repeat(45),
        "1".repeat(20),
        "12345678901234567890123",
      ]) {
        await pair.same("SET", "object", value);
        await pair.same("OBJECT", "ENCODING", "object");
      }
      for (const value of ["text", "0", "9998", "10000", "-1", "007", "x".repeat(100)]) {
        await pair.same("SET", "object", value);
        await pair.same("OBJECT", "REFCOUNT", "object");
        await pair.same("INCR", "object");
        await pair.same("OBJECT", "REFCOUNT", "object");
        await pair.same("APPEND", "object", "");
        await pair.same("OBJECT", "REFCOUNT", "object");
      }
      await pair.same("OBJECT", "FREQ", "object");
      for (const name of ["ENCODING", "REFCOUNT", "FREQ", "IDLETIME"])
        await pair.same("OBJECT", name, "nosuchkey");
      await pair.same("OBJECT", "HELP");
      await pair.same("OBJECT", "ENCODING");
    });

    test("LCS of random texts", async () => {
      const generator = new Generator(SEED + 1);
      const pair = await servers.connect(3);
      for (let n = 0; n < 100; n++) {
        await pair.same("MSET", "x", generator.bytes(200), "y", generator.bytes(200));
        await pair.same("LCS", "x", "y");
        await pair.same("LCS", "x", "y", "IDX", "WITHMATCHLEN", "MINMATCHLEN", String(generator.below(4)));
      }
    });

    test("too long for LCS", async () => {
      const pair = await servers.connect(2);
      await pair.same("SETRANGE", "long", "20000", "x");
      await pair.same("LCS", "long", "long");
      await pair.same("LCS", "long", "long", "LEN");
    });
  });
}

describe.skipIf(!redis.available)(redis.title("at the limit of 512 MB"), () => {
  test("offsets are taken or refused as in Redis", async () => {
    await using servers = await RedisComparison.start("memory");
    const pair = await servers.connect(2);
    for (const offset of ["4294967295", "4294967296", "9223372036854775807", "-1"]) {
      await pair.same("GETBIT", "k", offset);
      await pair.same("BITFIELD", "k", "GET", "u8", offset);
      await pair.same("BITFIELD_RO", "k", "GET", "i64", offset);
    }
    for (const offset of ["#536870911", "#536870912", "#67108863", "#9223372036854775807"]) {
      await pair.same("BITFIELD", "k", "GET", "u8", offset);
    }
    for (const write of ["SETBIT k 4294967296 1", "SETBIT k -1 1", "BITFIELD k SET u8 #536870912 1"]) {
      await pair.same(...write.split(" "));
      await pair.same("EXISTS", "k");
    }
  });
});
