/**
 * Every acknowledged write survives a killed server: clients write over sockets, the server is killed by SIGKILL in
 * the middle of it, is started again on the same data, and must have everything it had confirmed.
 * `GLASSCACHE_KILLS` sets how often (20 by default), `GLASSCACHE_KILL_SEED` repeats the choices of a run.
 */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SeededRandom } from "../src/lib/random.ts";
import { Program, TemporaryDirectory } from "./support/program.ts";
import { RespClient } from "./support/resp-client.ts";
import { until } from "./support/until.ts";

const KILLS = Number(process.env["GLASSCACHE_KILLS"] ?? 20);
const SEED = Number(process.env["GLASSCACHE_KILL_SEED"] ?? Date.now() % 2 ** 32);
const LAUNCHER = fileURLToPath(new URL("../bin/glasscache", import.meta.url));
const CLIENTS = 8;
const KEYS_PER_CLIENT = 40;

/** What one key may hold: the last acknowledged value, and what was asked for since and never answered. */
interface Expected {
  acknowledged: string | null;
  possible: Set<string | null>;
}

function startServer(directory: string, sync: string): Promise<{ program: Program; ready: number }> {
  return Program.start(
    [LAUNCHER, "server", "--host", "127.0.0.1", "--port", "0", "--data", directory, "--sync", sync],
    (line) => (line.includes('"ready"') ? (JSON.parse(line).ready.port as number) : undefined),
    { env: { GLASSCACHE_LOG_FORMAT: "json" } },
  );
}

/** Writes and deletes keys of its own until the server is gone, several requests at a time. */
async function writeUntilKilled(
  port: number,
  client: number,
  expected: Map<string, Expected>,
  random: SeededRandom,
  counters: { acknowledged: number },
): Promise<void> {
  try {
    using connection = await RespClient.connect({ port });
    for (;;) {
      const batch: Promise<unknown>[] = [];
      const used = new Set<string>();
      for (let i = 0; i < 1 + random.below(8); i++) {
        const key = `key-${client}-${random.below(KEYS_PER_CLIENT)}`;
        // One request under way for a key, so that it is known which of them came last.
        if (used.has(key)) continue;
        used.add(key);
        const state = expected.get(key) ?? { acknowledged: null, possible: new Set() };
        expected.set(key, state);
        const value = random.below(5) === 0 ? null : `${random.below(1e9)}-${"x".repeat(random.below(300))}`;
        state.possible.add(value);
        const reply = value === null ? connection.must("DEL", key) : connection.must("SET", key, value);
        batch.push(
          reply.then(() => {
            state.acknowledged = value;
            state.possible.clear();
            counters.acknowledged++;
          }),
        );
      }
      await Promise.all(batch);
    }
  } catch {
    // Killed in the middle: what was not answered may have happened or not.
  }
}

describe("a server that is killed", () => {
  for (const sync of ["always", "interval"]) {
    test(`has everything it had acknowledged, --sync ${sync}`, async () => {
      console.log(`seed ${SEED}, ${KILLS / 2} kills`);
      using directory = new TemporaryDirectory();
      const data = join(directory.path, "data");
      const random = new SeededRandom(SEED + (sync === "always" ? 0 : 1));
      const expected = new Map<string, Expected>();
      const counters = { acknowledged: 0 };
      for (let kill = 0; kill <= KILLS / 2; kill++) {
        const { program, ready: port } = await startServer(data, sync);
        await using _ = program;
        await checkAll(port, expected);
        if (kill === KILLS / 2) break;
        const target = counters.acknowledged + 1 + random.below(3000);
        const writers = Array.from({ length: CLIENTS }, (_, client) =>
          writeUntilKilled(port, client, expected, new SeededRandom(random.below(2 ** 32)), counters),
        );
        // Killed in the middle of the load: after so many acknowledgements, whenever that is.
        await until(() => counters.acknowledged >= target);
        await program.kill();
        await Promise.all(writers);
      }
      expect(counters.acknowledged).toBeGreaterThan(KILLS);
    }, 300_000);
  }
});

async function checkAll(port: number, expected: Map<string, Expected>): Promise<void> {
  using client = await RespClient.connect({ port });
  const lost: string[] = [];
  for (const [key, state] of expected) {
    const found = (await client.must("GET", key)) as string | null;
    if (found !== state.acknowledged && !state.possible.has(found)) {
      lost.push(
        `${key}: ${String(found).slice(0, 20)} instead of ${String(state.acknowledged).slice(0, 20)}`,
      );
    }
    state.acknowledged = found;
    state.possible.clear();
  }
  expect(lost).toEqual([]);
}
