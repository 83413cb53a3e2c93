import { LOAD_CPU } from "./targets.ts";

export const CONNECTIONS = 50;
export const KEYS = 1000;
export const VALUE_BYTES = 100;

/** A key as redis-benchmark writes it, at random among `KEYS`. */
export const RANDOM_KEY = "key:__rand_int__";

export interface BenchmarkLoad {
  readonly port: number;
  readonly requests: number;
  readonly command: readonly string[];
  readonly pipeline: number;
  /** Further options: TLS, a user. */
  readonly options?: readonly string[];
}

/** Has redis-benchmark send a command over and over, from the CPU of the load. */
export async function runRedisBenchmark({
  port,
  requests,
  command,
  pipeline,
  options = [],
}: BenchmarkLoad): Promise<void> {
  const child = Bun.spawn(
    [
      ...["taskset", "-c", LOAD_CPU, "redis-benchmark", "-p", String(port), "-n", String(requests)],
      ...["-c", String(CONNECTIONS), "-P", String(pipeline), "-r", String(KEYS), "--csv"],
      ...options,
      ...command,
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`redis-benchmark failed: ${errors}`);
}

/** The order of a round. Each round has another one, so that none is always the first. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  return all.map((_, index) => all[(index + round) % all.length]!);
}
