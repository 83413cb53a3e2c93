import { fileURLToPath } from "node:url";
import { freePort } from "../test/support/program.ts";
import type { CacheClient } from "./cache-client.ts";
import { shiftKey } from "./memory-load.ts";
import { glasscache, LOAD_CPU, redis, SERVER_CPU, type Started, startSilent } from "./targets.ts";

/** A program that holds entries and is measured from outside. */
export interface Subject {
  readonly name: string;
  readonly wire: "resp" | "memcached";
  readonly port: number;
  readonly pid: number;
  /** Where entries are written: the subject itself, or the origin behind it. */
  readonly fillPort: number;
  stop(): Promise<void>;
}

/** A cache with a budget, and its own figures. */
export interface ShiftSubject extends Subject {
  /** @throws Error when the cache counts more than its budget */
  assertWithinBudget(budgetBytes: number): Promise<void>;
  /** Yields the resident keys, as their phase and number. */
  resident(client: CacheClient, keyCounts: readonly number[]): AsyncIterable<readonly [number, number]>;
  /** Returns the overhead of the entries; undefined when the cache does not report it. */
  overheadBytes(entries: number, payloadBytes: number): Promise<number | undefined>;
}

const LRU_CACHE_HOLDER: string = fileURLToPath(new URL("./lru-cache-holder.mjs", import.meta.url));
/** Our overhead per entry: the header of a small entry, and its place in the index. */
const OUR_OVERHEAD_BYTES = 36;

export const entrySubjects: readonly (() => Promise<Subject>)[] = [
  () => ourServer(256),
  ourProxy,
  () => redisWith([]),
  () => memcachedWith(512),
];

export const shiftSubjects: readonly ((megabytes: number) => Promise<ShiftSubject>)[] = [
  async (megabytes) => {
    const subject = await ourServer(megabytes);
    return {
      ...subject,
      assertWithinBudget: (budget) => assertUsedMemory(subject, budget),
      resident: residentByExists,
      overheadBytes: async (entries) => entries * OUR_OVERHEAD_BYTES,
    };
  },
  async (megabytes) => {
    const subject = await memcachedWith(megabytes);
    return {
      ...subject,
      // It exceeds a small budget: every slab class has a page.
      assertWithinBudget: async () => {},
      resident: () => residentByDump(subject.port),
      overheadBytes: async (_entries, payload) => (await memcachedStat(subject.port, "bytes")) - payload,
    };
  },
  async (megabytes) => {
    const subject = await redisWith(["--maxmemory", `${megabytes}mb`, "--maxmemory-policy", "allkeys-lru"]);
    return {
      ...subject,
      // It exceeds the budget by the buffers of its clients.
      assertWithinBudget: async () => {},
      resident: residentByExists,
      overheadBytes: async () => undefined,
    };
  },
];

async function ourServer(megabytes: number): Promise<Subject> {
  const args = ["server", "--engine", "memory", "--memory", `${megabytes}mb`];
  const { program, port } = await glasscache(SERVER_CPU, args);
  return subjectOf("our server, memory engine", "resp", program, port, port);
}

async function ourProxy(): Promise<Subject> {
  const origin = await redis(LOAD_CPU, []);
  const proxy = await glasscache(SERVER_CPU, [
    ...["proxy", "--origin", `127.0.0.1:${origin.port}`, "--memory", "256mb", "--threads", "1"],
  ]);
  const subject = subjectOf("our proxy", "resp", proxy.program, proxy.port, origin.port);
  return {
    ...subject,
    stop: async () => Promise.all([subject.stop(), origin.program.kill()]).then(() => {}),
  };
}

async function redisWith(args: readonly string[]): Promise<Subject> {
  const { program, port } = await redis(SERVER_CPU, args);
  return subjectOf("redis-server", "resp", program, port, port);
}

async function memcachedWith(megabytes: number): Promise<Subject> {
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ["-u", "root"] : [];
  const program = await startSilent(port, [
    ...["memcached", "-l", "127.0.0.1", "-p", String(port), "-U", "0", "-t", "1", "-m", String(megabytes)],
    ...user,
  ]);
  return subjectOf("memcached", "memcached", program, port, port);
}

function subjectOf(
  name: string,
  wire: Subject["wire"],
  program: Started,
  port: number,
  fillPort: number,
): Subject {
  return { name, wire, port, pid: program.pid, fillPort, stop: () => program.kill() };
}

/** Starts lru-cache with entries in a process of its own. */
export async function holdInLruCache(
  runtime: "bun" | "node",
  entries: number,
  valueBytes: number,
): Promise<{ readonly version: string; readonly growthBytes: number }> {
  const command = runtime === "bun" ? [process.execPath] : ["node", "--expose-gc"];
  const run = (args: readonly string[]) => Bun.spawnSync([...command, ...args]).stdout.toString();
  const { held, growthBytes } = JSON.parse(run([LRU_CACHE_HOLDER, String(entries), String(valueBytes)]));
  if (held !== entries) throw new Error(`lru-cache holds ${held} of ${entries} entries`);
  return { version: `${runtime === "bun" ? "Bun" : "Node"} ${run(["--version"]).trim()}`, growthBytes };
}

async function* residentByExists(
  client: CacheClient,
  keyCounts: readonly number[],
): AsyncIterable<readonly [number, number]> {
  for (const [phase, count] of keyCounts.entries()) {
    for (let first = 0; first < count; first += 1000) {
      const ids = Array.from({ length: Math.min(1000, count - first) }, (_, index) => first + index);
      const there = await client.exists(ids.map((id) => shiftKey(phase, id)));
      for (const [index, id] of ids.entries()) if (there[index] === true) yield [phase, id];
    }
  }
}

async function* residentByDump(port: number): AsyncIterable<readonly [number, number]> {
  const dump = await memcachedAsk(port, "lru_crawler metadump all", "END\r\n");
  for (const [, phase, id] of dump.matchAll(/key=shift%3A([0-9])%3A([0-9]{12}) /g)) {
    yield [Number(phase), Number(id)];
  }
}

async function memcachedStat(port: number, name: string): Promise<number> {
  const text = await memcachedAsk(port, "stats", "END\r\n");
  return Number(new RegExp(`^STAT ${name} ([0-9]+)`, "m").exec(text)?.[1]);
}

async function assertUsedMemory({ port, name }: Subject, budgetBytes: number): Promise<void> {
  const request = "*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n";
  const text = await askText(
    port,
    request,
    (received) => received.includes("used_memory:") && received.endsWith("\r\n"),
  );
  const field = (field: string) => Number(new RegExp(`^${field}:([0-9]+)`, "m").exec(text)?.[1]);
  const used = field("used_memory") - field("mem_not_counted_for_evict");
  if (!(used <= budgetBytes)) throw new Error(`${name} uses ${used} of ${budgetBytes} bytes`);
}

function memcachedAsk(port: number, command: string, end: string): Promise<string> {
  return askText(port, `${command}\r\n`, (received) => received.endsWith(end));
}

async function askText(
  port: number,
  command: string,
  isComplete: (received: string) => boolean,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const pieces: string[] = [];
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_socket, data) {
        pieces.push(data.toString("latin1"));
        const tail = pieces.slice(-2).join("");
        if (isComplete(tail)) resolve(pieces.join(""));
      },
    },
  });
  socket.write(command);
  const text = await promise;
  socket.terminate();
  return text;
}
