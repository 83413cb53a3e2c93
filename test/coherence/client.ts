import { SeededRandom } from "../../src/lib/random.ts";
import { RespClient } from "../support/resp-client.ts";
import { TextClient } from "../support/text-client.ts";
import type { Site } from "./history.ts";
import type { Keys } from "./keys.ts";
import {
  fill,
  get,
  type Operate,
  outlive,
  REGISTER_WRITES,
  RESP_READS,
  RESP_WRITES,
  TEXT_READS,
  TEXT_WRITES,
  type Wire,
} from "./operations.ts";
import type { Recorder } from "./recorder.ts";

/** Everything that clients of one run share. */
export interface World {
  readonly keys: Keys;
  readonly recorder: Recorder;
  readonly hasScripts: boolean;
  /** Whether the origin evicts: a counter would begin anew. */
  readonly mayEvict: boolean;
  /** An operation without a reply for so long, over a connection that lives, hangs. */
  readonly answerWithinMs: number;
  isEnded: boolean;
}

export interface ClientKind {
  readonly site: Site;
  readonly port: number;
  /**
   * - `RESP2`, `RESP3`, `text`: reads and writes everything, in that protocol, often pipelined.
   * - `impatient`: only reads. When an answer takes long it leaves that connection alone and asks over another one,
   *   so that it sees what a proxy serves from its cache while everybody else waits for the origin.
   * - `outliving`: reads what it wrote again when its time to live is over.
   * - `filling`: fills the origin with other keys.
   */
  readonly habit: "RESP2" | "RESP3" | "text" | "impatient" | "outliving" | "filling";
}

const RETRY_MS = 20;
const WRITE_SHARE = 0.35;
const PIPELINE_SHARE = 0.3;
const PIPELINE_DEPTH = 8;
/** How often, in operations, a client begins a new connection of its own accord. */
const RECONNECT_SHARE = 0.002;
const THINK_MS = 4;
const PATIENCE_MS = 20;

/** Reads and writes at random until the world ends, over one connection after another. */
export async function runClient(world: World, kind: ClientKind, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const unanswered = new Set<Promise<void>>();
  while (!world.isEnded) {
    try {
      if (kind.habit === "text") await useText(world, kind, random);
      else if (kind.habit === "impatient") await readImpatiently(world, kind, random, unanswered);
      else if (kind.habit === "outliving") await outliveAll(world, kind, random);
      else if (kind.habit === "filling") await fillAll(world, kind, random);
      else await useResp(world, kind, random);
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      await Bun.sleep(RETRY_MS);
    }
  }
  await Promise.all(unanswered);
}

/** A new connection's place in the history. */
export function wireOf({ keys, recorder, hasScripts }: World, site: Site, random: SeededRandom): Wire {
  let sequence = 0;
  return {
    ...{ site, keys, recorder, hasScripts, random },
    connection: recorder.nextConnection(),
    nextSequence: () => sequence++,
  };
}

async function useResp(world: World, { site, port, habit }: ClientKind, random: SeededRandom): Promise<void> {
  using client = await RespClient.connect({ port, ...(habit === "RESP3" ? { version: 3 } : {}) });
  const writes = world.mayEvict ? REGISTER_WRITES : RESP_WRITES;
  await operate(world, wireOf(world, site, random), client, RESP_READS, writes);
}

async function readImpatiently(
  world: World,
  { site, port }: ClientKind,
  random: SeededRandom,
  unanswered: Set<Promise<void>>,
): Promise<void> {
  const client = await RespClient.connect({ port });
  const wire = wireOf(world, site, random);
  while (!world.isEnded && !client.isClosed) {
    const reading = answered(world, wire, client, get(wire, client));
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

async function outliveAll(world: World, { site, port }: ClientKind, random: SeededRandom): Promise<void> {
  using client = await RespClient.connect({ port });
  const wire = wireOf(world, site, random);
  while (!world.isEnded && !client.isClosed) await answered(world, wire, client, outlive(wire, client));
}

async function fillAll(world: World, { site, port }: ClientKind, random: SeededRandom): Promise<void> {
  using client = await RespClient.connect({ port });
  const wire = wireOf(world, site, random);
  while (!world.isEnded && !client.isClosed) {
    await answered(world, wire, client, Promise.all([fill(wire, client), fill(wire, client)]));
    await Bun.sleep(random.below(THINK_MS));
  }
}

async function useText(world: World, { site, port }: ClientKind, random: SeededRandom): Promise<void> {
  using client = await TextClient.connect(port);
  await operate(world, wireOf(world, site, random), client, TEXT_READS, TEXT_WRITES);
}

async function operate<Client extends { readonly isClosed: boolean; close(): void }>(
  world: World,
  wire: Wire,
  client: Client,
  reads: readonly Operate<Client>[],
  writes: readonly Operate<Client>[],
): Promise<void> {
  const { random } = wire;
  while (!world.isEnded && !client.isClosed && random.next() >= RECONNECT_SHARE) {
    const depth = random.next() < PIPELINE_SHARE ? 2 + random.below(PIPELINE_DEPTH - 1) : 1;
    const operations = Array.from({ length: depth }, () =>
      random.pick(random.next() < WRITE_SHARE ? writes : reads)(wire, client),
    );
    await answered(world, wire, client, Promise.all(operations));
    await Bun.sleep(random.below(THINK_MS));
  }
}

/** Waits for the replies; where there are none in time, that is noted and the connection given up. */
async function answered(
  world: World,
  wire: Wire,
  client: { close(): void },
  operations: Promise<unknown>,
): Promise<void> {
  const timer = setTimeout(() => {
    world.recorder.hanging.push(`connection ${wire.connection} to ${wire.site} had no answer`);
    client.close();
  }, world.answerWithinMs);
  await operations;
  clearTimeout(timer);
}

/** Refused, reset, or ended while it was being set up: what happens to clients of a server that dies. */
export function isConnectionError(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: string };
  return name === "ConnectionLost" || (typeof code === "string" && /^E[A-Z]+$/.test(code));
}
