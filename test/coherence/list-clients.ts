import { SeededRandom } from "../../src/lib/random.ts";
import { ReplyError, type ReplyValue } from "../../src/protocol/reply-value.ts";
import { RespClient } from "../support/resp-client.ts";
import { isConnectionError } from "./client.ts";
import { ORIGIN, type Site } from "./history.ts";
import { listOf } from "./list-history.ts";
import type { ListLog } from "./list-log.ts";
import { type Answer, answer, isRefusal, LOST, outcomeOf, outcomeOfTransaction } from "./operations.ts";
import type { Begun } from "./recorder.ts";

/** A key whose value is a list, in a part of the origin that fails as a whole. */
export interface Place {
  readonly part: number;
  readonly key: string;
}

/** What the clients of one round share. */
export interface ListWorld {
  readonly log: ListLog;
  readonly places: readonly Place[];
  isEnded: boolean;
}

/** Appends to a list at the origin itself, past all proxies. */
export interface Around {
  /**
   * Sends one script to the server that has the key.
   * @returns its reply; an error reply where it was not executed; LOST where nobody knows
   */
  append(key: string, text: string): Promise<Answer>;
}

interface Wire {
  readonly world: ListWorld;
  readonly site: Site;
  readonly connection: number;
  readonly random: SeededRandom;
  /** The keys that this client uses. */
  readonly places: readonly Place[];
  nextSequence(): number;
}

type Operate = (wire: Wire, client: RespClient) => Promise<unknown>;

const RETRY_MS = 20;
const THINK_MS = 8;
const PATIENCE_MS = 20;
const WRITE_SHARE = 0.3;
const PIPELINE_SHARE = 0.3;
const PIPELINE_DEPTH = 5;
/** How often, in operations, a client begins a new connection of its own accord. */
const RECONNECT_SHARE = 0.005;
/** An operation without a reply for so long, over a connection that lives, hangs. */
const ANSWER_WITHIN_MS = 20_000;
const READS: readonly Operate[] = [get, get, get, getMany];
const WRITES: readonly Operate[] = [append, append, append, transaction, script];

export interface ListClientKind {
  readonly site: Site;
  readonly port: number;
  /** RESP2 and RESP3: reads and writes. `impatient`: reads, and leaves a connection alone that does not answer. */
  readonly habit: "RESP2" | "RESP3" | "impatient";
  /** The part that it uses alone, so that it does not wait for others that fail; undefined: all. */
  readonly part: number | undefined;
}

/** Reads and writes at random until the world ends, over one connection after another. */
export async function runListClient(world: ListWorld, kind: ListClientKind, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const unanswered = new Set<Promise<unknown>>();
  while (!world.isEnded) {
    try {
      if (kind.habit === "impatient") await readImpatiently(world, kind, random, unanswered);
      else await readAndWrite(world, kind, random);
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      await Bun.sleep(RETRY_MS);
    }
  }
  await Promise.all(unanswered);
}

/** Appends at the origin itself until the world ends. */
export async function runAround(world: ListWorld, around: Around, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const wire = wireOf(world, { site: ORIGIN, part: undefined }, random);
  const { log } = world;
  while (!world.isEnded) {
    const { key } = random.pick(wire.places);
    const item = log.nextItem();
    const begun = begin(wire);
    const reply = await around.append(key, listOf(item));
    const how = isRefusal(reply) ? `EVAL at the origin (${reply})` : "EVAL at the origin";
    log.append(begun, key, item, how, outcomeOf(reply));
    if (typeof reply === "string") log.saw(key, reply);
    else await Bun.sleep(RETRY_MS);
    await Bun.sleep(random.below(THINK_MS * 2));
  }
}

/** Reads all keys once, over a connection of its own. @throws Error if a key cannot be read */
export async function readAllLists(world: ListWorld, site: Site, port: number): Promise<void> {
  const wire = wireOf(world, { site, part: undefined }, new SeededRandom(0));
  using client = await RespClient.connect({ port });
  const begun = begin(wire);
  const keys = wire.places.map(({ key }) => key);
  const values = (await client.must("MGET", ...keys)) as ReplyValue[];
  for (const [index, value] of values.entries()) {
    if (value instanceof ReplyError) throw value;
    world.log.read(begun, keys[index]!, "last MGET", value as string | null);
  }
}

function wireOf(
  world: ListWorld,
  { site, part }: Pick<ListClientKind, "site" | "part">,
  random: SeededRandom,
): Wire {
  let sequence = 0;
  return {
    ...{ world, site, random, connection: world.log.nextConnection() },
    places: world.places.filter((place) => part === undefined || place.part === part),
    nextSequence: () => sequence++,
  };
}

async function readAndWrite(world: ListWorld, kind: ListClientKind, random: SeededRandom): Promise<void> {
  const { port, habit } = kind;
  using client = await RespClient.connect({ port, ...(habit === "RESP3" ? { version: 3 } : {}) });
  const wire = wireOf(world, kind, random);
  while (!world.isEnded && !client.isClosed && random.next() >= RECONNECT_SHARE) {
    const depth = random.next() < PIPELINE_SHARE ? 2 + random.below(PIPELINE_DEPTH - 1) : 1;
    const operations = Array.from({ length: depth }, () =>
      random.pick(random.next() < WRITE_SHARE ? WRITES : READS)(wire, client),
    );
    await answered(wire, client, Promise.all(operations));
    await Bun.sleep(random.below(THINK_MS));
  }
}

async function readImpatiently(
  world: ListWorld,
  kind: ListClientKind,
  random: SeededRandom,
  unanswered: Set<Promise<unknown>>,
): Promise<void> {
  const client = await RespClient.connect({ port: kind.port });
  const wire = wireOf(world, kind, random);
  while (!world.isEnded && !client.isClosed) {
    const reading = answered(wire, client, get(wire, client));
    const isInTime = await Promise.race([reading.then(() => true), Bun.sleep(PATIENCE_MS).then(() => false)]);
    if (!isInTime) {
      const end = reading.then(() => {
        client.close();
        unanswered.delete(end);
      });
      unanswered.add(end);
      return;
    }
    await Bun.sleep(random.below(THINK_MS));
  }
  client.close();
}

/** Waits for the replies; where there are none in time, that is noted and the connection given up. */
async function answered(wire: Wire, client: RespClient, operations: Promise<unknown>): Promise<void> {
  const timer = setTimeout(() => {
    wire.world.log.hanging.push(`connection ${wire.connection} to ${wire.site} had no answer`);
    client.close();
  }, ANSWER_WITHIN_MS);
  await operations;
  clearTimeout(timer);
}

// ---- operations; each sends all it has to say at once, so that several make a pipeline

async function get(wire: Wire, client: RespClient): Promise<void> {
  await readKey(wire, client, wire.random.pick(wire.places).key, "GET");
}

async function readKey(wire: Wire, client: RespClient, key: string, how: string): Promise<void> {
  const { log } = wire.world;
  const begun = begin(wire);
  const reply = await answer(client.ask("GET", key));
  if (isRefusal(reply)) log.failedReads++;
  else log.read(begun, key, how, reply as string | null);
}

async function getMany(wire: Wire, client: RespClient): Promise<void> {
  const { places, random, world } = wire;
  const keys = Array.from({ length: 2 + random.below(3) }, () => random.pick(places).key);
  const begun = begin(wire);
  const reply = await answer(client.ask("MGET", ...keys));
  for (const [index, key] of keys.entries()) {
    const value = Array.isArray(reply) ? reply[index]! : LOST;
    if (isRefusal(value)) world.log.failedReads++;
    else world.log.read(begun, key, "MGET", value as string | null);
  }
}

/** The read behind the write tells its place in the order of the writes. */
async function append(wire: Wire, client: RespClient): Promise<void> {
  const { key, item, begun } = beginAppend(wire);
  const appended = answer(client.ask("APPEND", key, listOf(item)));
  const read = readKey(wire, client, key, "GET behind");
  endAppend(wire, begun, key, item, "APPEND", await appended);
  await read;
}

async function transaction(wire: Wire, client: RespClient): Promise<void> {
  const { key, item, begun } = beginAppend(wire);
  const replies = await Promise.all(
    [["MULTI"], ["APPEND", key, listOf(item)], ["GET", key], ["EXEC"]].map((command) =>
      answer(client.ask(...command)),
    ),
  );
  const result = replies.at(-1)!;
  const outcome = outcomeOfTransaction(replies);
  const told = outcome === "done" ? "MULTI" : `MULTI (${replies.map(String).join(", ")})`;
  wire.world.log.append(begun, key, item, told, outcome);
  if (outcome === "done" && Array.isArray(result)) wire.world.log.saw(key, String(result[1]));
}

async function script(wire: Wire, client: RespClient): Promise<void> {
  const { key, item, begun } = beginAppend(wire);
  const reply = await answer(client.ask("EVAL", APPEND_AND_GET, "1", key, listOf(item)));
  endAppend(wire, begun, key, item, "EVAL", reply);
  if (typeof reply === "string") wire.world.log.saw(key, reply);
}

/** Its key and the text to append are its only arguments. */
export const APPEND_AND_GET = "redis.call('APPEND', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])";

function beginAppend(wire: Wire): { key: string; item: string; begun: Begun } {
  const { key } = wire.random.pick(wire.places);
  return { key, item: wire.world.log.nextItem(), begun: begin(wire) };
}

function endAppend(
  { world }: Wire,
  begun: Begun,
  key: string,
  item: string,
  how: string,
  reply: Answer,
): void {
  world.log.append(begun, key, item, isRefusal(reply) ? `${how} (${reply})` : how, outcomeOf(reply));
}

function begin({ site, connection, nextSequence, world }: Wire): Begun {
  return { site, connection, sequence: nextSequence(), startMs: world.log.nowMs() };
}
