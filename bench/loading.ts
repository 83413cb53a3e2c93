import { fileURLToPath } from "node:url";
import type { LoadResult, LoadSettings } from "./load.ts";
import { LOAD_CPU, type Target } from "./targets.ts";

export const HOT_KEYS = 10_000;
/** Far more keys than a cache of 1 MB holds. */
export const COLD_KEYS = 100_000;

const LOAD = fileURLToPath(new URL("./load.ts", import.meta.url));
const ALL_IN_TURN = { connections: 10, pipeline: 10, order: "sequential", seconds: 60, seed: 1 } as const;

/** Runs a load to its end. @throws Error when it fails */
export function load(settings: LoadSettings, cpus?: string): Promise<LoadResult> {
  return runLoad<LoadResult>(LOAD, settings, cpus);
}

/**
 * Runs a script with its settings.
 * @param cpus where, as taskset names them; by default on the load's processor
 * @returns the JSON that it prints
 */
export async function runLoad<Result>(
  script: string,
  settings: { readonly port: number },
  cpus: string = LOAD_CPU,
): Promise<Result> {
  const command = ["taskset", "-c", cpus, process.execPath, script, JSON.stringify(settings)];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`load on port ${settings.port} failed`);
  return JSON.parse(text) as Result;
}

/** Writes every key, and requests each often enough to warm up a cache. */
export async function fill(target: Target): Promise<void> {
  if (target.name.includes("floor")) return;
  const keys = target.missesOnly ? COLD_KEYS : HOT_KEYS;
  const wire = target.fillPort === target.port ? target.wire : "resp";
  const requests = keys + 1000;
  await load({ ...ALL_IN_TURN, port: target.fillPort, wire, keys, operation: "set", requests });
  // A cache is warm once every key has been requested. Replies meanwhile come partly from the origin.
  if (target.fillPort !== target.port && !target.missesOnly) await rewarm(target);
}

/** Requests every key from a cache. */
export async function rewarm({ port }: Target): Promise<void> {
  const requests = HOT_KEYS * 3;
  await load({ ...ALL_IN_TURN, port, wire: "resp", keys: HOT_KEYS, operation: "get", requests });
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
