import type { SeededRandom } from "../../src/lib/random.ts";
import { ReplyError, type ReplyValue } from "../../src/protocol/reply-value.ts";
import type { RespClient } from "../support/resp-client.ts";
import type { TextClient } from "../support/text-client.ts";
import { type Site, UNTOLD, type Write } from "./history.ts";
import type { Keys, Register } from "./keys.ts";
import type { Begun, Recorder } from "./recorder.ts";

/** One connection of a client, with all that its operations need. */
export interface Wire {
  readonly site: Site;
  /** Its number in the history. */
  readonly connection: number;
  readonly keys: Keys;
  readonly recorder: Recorder;
  readonly random: SeededRandom;
  /** Whether the origin can run scripts. */
  readonly hasScripts: boolean;
  nextSequence(): number;
}

export type Operate<Client> = (wire: Wire, client: Client) => Promise<void>;

type Outcome = Write["outcome"];

/** Each operation sends all it has to say at once, before it waits, so that several make a pipeline. */
export const RESP_READS: readonly Operate<RespClient>[] = [get, get, get, getMany];
/** Those that give out versions themselves; the origin gives out those of increments. */
export const REGISTER_WRITES: readonly Operate<RespClient>[] = [
  ...[set, set, set, setForATime, expire, remove, setMany, rename, transaction, script],
];
export const RESP_WRITES: readonly Operate<RespClient>[] = [
  ...REGISTER_WRITES,
  ...[increment, increment, transactionOfIncrements],
];
export const TEXT_READS: readonly Operate<TextClient>[] = [textGet];
export const TEXT_WRITES: readonly Operate<TextClient>[] = [textPut, textPut, textDelete];

/** Reads one key, by itself. */
export async function get(wire: Wire, client: RespClient): Promise<void> {
  await getKey(wire, client, wire.keys.some(1, wire.random)[0]!);
}

async function getKey(wire: Wire, client: RespClient, key: string): Promise<void> {
  const begun = begin(wire);
  const reply = await answer(client.ask("GET", key));
  if (isRefusal(reply)) wire.recorder.failedReads++;
  else wire.recorder.read(begun, key, "GET", versionOf(reply));
}

async function getMany(wire: Wire, client: RespClient): Promise<void> {
  const keys = wire.keys.some(2 + wire.random.below(4), wire.random);
  const begun = begin(wire);
  const reply = await answer(client.ask("MGET", ...keys));
  if (!Array.isArray(reply)) wire.recorder.failedReads++;
  else for (const [i, key] of keys.entries()) wire.recorder.read(begun, key, "MGET", versionOf(reply[i]!));
}

async function set(wire: Wire, client: RespClient): Promise<void> {
  await writeRegisters(wire, 1, "SET", ([register], [version]) =>
    answer(client.ask("SET", register!.key, valueFor(version!, wire.random))).then(outcomeOf),
  );
}

async function setForATime(wire: Wire, client: RespClient): Promise<void> {
  const [register] = wire.keys.lock(1, wire.site, wire.random);
  if (register === undefined) return;
  const ttlMs = 30 + wire.random.below(200);
  const version = register.nextVersion();
  const expiry = register.nextVersion();
  const { key } = register;
  const begun = begin(wire);
  const value = valueFor(version, wire.random);
  const outcome = outcomeOf(await answer(client.ask("SET", key, value, "PX", String(ttlMs))));
  const recorded = wire.recorder.write(begun, key, "SET PX", { version, leaves: "value", outcome, ttlMs });
  wire.recorder.expiry(begun, key, expiry, ttlMs, recorded);
  settle(wire, register, recorded, "timed");
}

async function expire(wire: Wire, client: RespClient): Promise<void> {
  const [register] = wire.keys.lock(1, wire.site, wire.random);
  if (register === undefined) return;
  if (register.holds !== "value") {
    wire.keys.unlock(register);
    return;
  }
  const ttlMs = 20 + wire.random.below(150);
  const expiry = register.nextVersion();
  const { key } = register;
  const begun = begin(wire);
  const reply = await answer(client.ask("PEXPIRE", key, String(ttlMs)));
  const outcome = reply === 0 ? "failed" : outcomeOf(reply);
  wire.recorder.expiry(begun, key, expiry, ttlMs, outcome);
  settle(wire, register, outcome, "timed");
}

async function remove(wire: Wire, client: RespClient): Promise<void> {
  const [register] = wire.keys.lock(1, wire.site, wire.random);
  if (register === undefined) return;
  const command = wire.random.pick(["DEL", "UNLINK", "GETDEL"]);
  const version = register.nextVersion();
  const { key } = register;
  const begun = begin(wire);
  const outcome = outcomeOf(await answer(client.ask(command, key)));
  const recorded = wire.recorder.write(begun, key, command, { version, leaves: "nothing", outcome });
  settle(wire, register, recorded, "nothing");
}

async function increment(wire: Wire, client: RespClient): Promise<void> {
  const key = wire.keys.counter(wire.random);
  const begun = begin(wire);
  recordIncrement(wire, begun, key, "INCR", await answer(client.ask("INCR", key)));
}

async function setMany(wire: Wire, client: RespClient): Promise<void> {
  await writeRegisters(wire, 3, "MSET", (registers, versions) => {
    const pairs = registers.flatMap(({ key }, i) => [key, valueFor(versions[i]!, wire.random)]);
    return answer(client.ask("MSET", ...pairs)).then(outcomeOf);
  });
}

async function transaction(wire: Wire, client: RespClient): Promise<void> {
  await writeRegisters(wire, 2, "MULTI", async (registers, versions) => {
    // Kept on one connection, that of a transaction takes longer than all that is not.
    const replies = [answer(client.ask("MULTI"))];
    for (const [i, { key }] of registers.entries()) {
      replies.push(answer(client.ask("SET", key, valueFor(versions[i]!, wire.random))));
    }
    replies.push(answer(client.ask("EXEC")));
    return outcomeOfTransaction(await Promise.all(replies));
  });
}

async function transactionOfIncrements(wire: Wire, client: RespClient): Promise<void> {
  const keys = [...new Set([wire.keys.counter(wire.random), wire.keys.counter(wire.random)])];
  const begun = begin(wire);
  const queued = [answer(client.ask("MULTI")), ...keys.map((key) => answer(client.ask("INCR", key)))];
  const result = await answer(client.ask("EXEC"));
  const outcome = outcomeOfTransaction([...(await Promise.all(queued)), result]);
  for (const [i, key] of keys.entries()) {
    const reply =
      outcome === "done" && Array.isArray(result) ? result[i]! : outcome === "failed" ? FAILED : LOST;
    recordIncrement(wire, begun, key, "MULTI INCR", reply);
  }
}

async function rename(wire: Wire, client: RespClient): Promise<void> {
  await writeRegisters(wire, 1, "RENAME", async ([register], [version]) => {
    // A source of its own, for it may appear late.
    const source = `source:${wire.connection}:${begin(wire).sequence}`;
    const made = answer(client.ask("SET", source, valueFor(version!, wire.random)));
    const renamed = outcomeOf(await answer(client.ask("RENAME", source, register!.key)));
    await made;
    return renamed;
  });
}

async function script(wire: Wire, client: RespClient): Promise<void> {
  if (!wire.hasScripts) return set(wire, client);
  await writeRegisters(wire, 1, "EVAL", ([register], [version]) =>
    answer(
      client.ask(
        "EVAL",
        "return redis.call('SET', KEYS[1], ARGV[1])",
        "1",
        register!.key,
        valueFor(version!, wire.random),
      ),
    ).then(outcomeOf),
  );
}

async function textGet(wire: Wire, client: TextClient): Promise<void> {
  const [key] = wire.keys.some(1, wire.random);
  const begun = begin(wire);
  const reply = await client.ask(`GET ${key}`).catch(() => undefined);
  const said = reply?.replace(/^\{[A-Za-z ]+\} : /, "");
  if (said === undefined || said.startsWith("ERROR")) wire.recorder.failedReads++;
  else wire.recorder.read(begun, key!, "text GET", versionOf(said === "No such key found" ? null : said));
}

async function textPut(wire: Wire, client: TextClient): Promise<void> {
  await writeRegisters(wire, 1, "text PUT", ([register], [version]) =>
    client
      .ask(`PUT ${register!.key}=${valueFor(version!, wire.random)}`)
      .then(outcomeOfText, () => "unknown"),
  );
}

async function textDelete(wire: Wire, client: TextClient): Promise<void> {
  const [register] = wire.keys.lock(1, wire.site, wire.random);
  if (register === undefined) return;
  const version = register.nextVersion();
  const { key } = register;
  const begun = begin(wire);
  const outcome = await client.ask(`DELETE ${key}`).then(outcomeOfText, (): Outcome => "unknown");
  const recorded = wire.recorder.write(begun, key, "text DELETE", { version, leaves: "nothing", outcome });
  settle(wire, register, recorded, "nothing");
}

/**
 * A key that nobody else asks for, so that the origin is in no hurry to remove it: read before its time is over, and
 * again when it is.
 */
export async function outlive(wire: Wire, client: RespClient): Promise<void> {
  const ttlMs = 20 + wire.random.below(60);
  const begun = begin(wire);
  const key = `fleeting:${wire.connection}:${begun.sequence}`;
  wire.keys.fleeting.add(key);
  if (wire.random.next() < 0.5) {
    const outcome = outcomeOf(await answer(client.ask("SET", key, "v1;", "PX", String(ttlMs))));
    const recorded = wire.recorder.write(begun, key, "SET PX", {
      version: 1,
      leaves: "value",
      outcome,
      ttlMs,
    });
    wire.recorder.expiry(begun, key, 2, ttlMs, recorded);
    await getKey(wire, client, key);
  } else {
    const outcome = outcomeOf(await answer(client.ask("SET", key, "v1;")));
    wire.recorder.write(begun, key, "SET", { version: 1, leaves: "value", outcome });
    await getKey(wire, client, key);
    const limited = begin(wire);
    const reply = await answer(client.ask("PEXPIRE", key, String(ttlMs)));
    wire.recorder.expiry(limited, key, 2, ttlMs, reply === 0 ? "failed" : outcomeOf(reply));
    await getKey(wire, client, key);
  }
  await Bun.sleep(ttlMs);
  for (let i = 0; i < 10; i++) {
    await getKey(wire, client, key);
    await Bun.sleep(1);
  }
  if (wire.keys.isLosing) wire.recorder.ignore(key);
  wire.keys.fleeting.delete(key);
}

/** Fills the origin with values that nobody looks at, and its table of tracked keys with their names. */
export async function fill(wire: Wire, client: RespClient): Promise<void> {
  const key = `filler:${wire.random.below(300)}`;
  const value = "x".repeat(5000 + wire.random.below(20_000));
  // With a time to live: some policies evict nothing else. Refused where the origin evicts nothing at all.
  const filled = answer(client.ask("SET", key, value, "EX", "100"));
  await Promise.all([filled, answer(client.ask("GET", key))]);
}

/** Reads every key once, for the end of a run. */
export async function readAll(wire: Wire, client: RespClient): Promise<void> {
  const keys = wire.keys.all();
  const begun = begin(wire);
  const reply = await client.must("MGET", ...keys);
  if (!Array.isArray(reply)) throw new Error("MGET did not answer with an array");
  for (const [i, key] of keys.entries()) wire.recorder.read(begun, key, "last MGET", versionOf(reply[i]!));
}

/** Gives up to `count` registers a new value each, all in one. */
async function writeRegisters(
  wire: Wire,
  count: number,
  how: string,
  send: (registers: readonly Register[], versions: readonly number[]) => Promise<Outcome>,
): Promise<void> {
  const registers = wire.keys.lock(count, wire.site, wire.random);
  if (registers.length === 0) return;
  const keys = registers.map(({ key }) => key);
  const versions = registers.map((register) => register.nextVersion());
  const begun = begin(wire);
  const outcome = await send(registers, versions);
  for (const [i, register] of registers.entries()) {
    const result = { version: versions[i]!, leaves: "value", outcome } as const;
    const recorded = wire.recorder.write(begun, keys[i]!, how, result);
    settle(wire, register, recorded, "value");
  }
}

function settle(
  { keys, recorder }: Wire,
  register: Register,
  outcome: Outcome,
  holds: Register["holds"],
): void {
  if (outcome === "unknown" || recorder.isCutOff(register.key)) keys.retire(register);
  else if (outcome === "done") register.holds = holds;
  keys.unlock(register);
}

function recordIncrement(wire: Wire, begun: Begun, key: string, how: string, reply: Answer): void {
  const outcome = outcomeOf(reply);
  // What failed for certain has made no version.
  if (outcome === "failed") return;
  const version = typeof reply === "number" && !wire.recorder.isCutOff(key) ? reply : UNTOLD;
  wire.recorder.write(begun, key, how, { version, leaves: "value", outcome });
}

function begin(wire: Wire): Begun {
  const { site, connection } = wire;
  return { site, connection, sequence: wire.nextSequence(), startMs: wire.recorder.nowMs() };
}

/** The connection ended before the reply came. */
class Lost {
  toString(): string {
    return "no reply";
  }
}
export const LOST: Lost = new Lost();
/** A reply, or that there will be none. */
export type Answer = ReplyValue | Lost;
const FAILED = new ReplyError("ERR the transaction was not executed");

/** Waits for a reply, however it ends. */
export function answer(reply: Promise<ReplyValue>): Promise<Answer> {
  return reply.catch(() => LOST);
}

/** Whether the reply is an error, or lost. */
export function isRefusal(reply: Answer): reply is ReplyError | Lost {
  return reply instanceof Lost || reply instanceof ReplyError;
}

/** What a reply says about a write. */
export function outcomeOf(reply: Answer): Outcome {
  if (reply instanceof Lost) return "unknown";
  if (!(reply instanceof ReplyError)) return "done";
  return reply.code === "OUTCOMEUNKNOWN" ? "unknown" : "failed";
}

/**
 * Where MULTI itself was refused, what follows is executed by itself: then only a single write has a simple outcome,
 * and several are not known to be one.
 */
export function outcomeOfTransaction(replies: readonly Answer[]): Outcome {
  const last = replies.at(-1)!;
  const queued = replies.slice(1, -1);
  if (queued.some((reply) => !isRefusal(reply) && reply !== "QUEUED")) return "unknown";
  if (last === null) return "failed";
  const outcome = outcomeOf(last);
  // An error in place of EXEC's reply: nothing was executed, unless something before it may have been.
  return outcome === "failed" && queued.some((reply) => outcomeOf(reply) === "unknown") ? "unknown" : outcome;
}

function outcomeOfText(reply: string): Outcome {
  const said = reply.replace(/^\{[A-Za-z ]+\} : /, "");
  if (!said.startsWith("ERROR")) return "done";
  return said.includes("OUTCOMEUNKNOWN") ? "unknown" : "failed";
}

/** A value that tells its version; now and then a long one, which takes several packets, or goes the way of large values. */
function valueFor(version: number, random: SeededRandom): string {
  const draw = random.next();
  const length = draw < 0.03 ? 20_000 : draw < 0.05 ? 262_144 + random.below(100_000) : random.below(40);
  return `v${version};${"x".repeat(length)}`;
}

function versionOf(reply: ReplyValue): number | "nothing" {
  if (reply === null) return "nothing";
  const version = Number(/^(?:v(\d+);x*|(\d+))$/.exec(String(reply))?.slice(1).find(Boolean));
  if (!Number.isInteger(version))
    throw new Error(`a value that nobody wrote: ${String(reply).slice(0, 100)}`);
  return version;
}
