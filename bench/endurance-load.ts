/**
 * The load of the endurance run, in a process of its own. Some clients of every kind stay connected; others
 * disconnect in the middle of their requests. Settings come as JSON in the first argument. Progress and the result go
 * to standard output, one JSON object a line.
 */
import { SeededRandom } from "../src/lib/random.ts";
import { ZipfSampler } from "../src/sim/workload/zipf.ts";
import { type ClientKind, EnduranceClient, type Ground } from "./endurance-client.ts";
import { connectBriefly, LOOSE_KEYS } from "./endurance-disconnects.ts";
import { Ledger } from "./endurance-values.ts";
import { RequestBatch } from "./endurance-wire.ts";

export interface EnduranceSettings {
  readonly port: number;
  /** Requests of the clients that stay, whose replies are all checked. */
  readonly requests: number;
  readonly keys: number;
  readonly seed: number;
  /** Number of clients that stay, by kind. */
  readonly clients: Readonly<Partial<Record<ClientKind, number>>>;
  /** Whether keys may be evicted. */
  readonly evicts: boolean;
  /** The load ends after this time, even before all requests. */
  readonly mostSeconds: number;
}

/** A line about the load's progress. */
export interface Progress {
  readonly answered: number;
  /** Clients that have connected and disconnected. */
  readonly disconnected: number;
  readonly seconds: number;
}

const REPORTS = 200;
const REQUESTS_PER_DISCONNECT = 2000;
const MOST_BRIEF = 50;
/** Keys drawn in advance, because drawing takes long; a power of two. */
const DRAWN = 1 << 20;
/** Exponent of the keys' popularity (Zipf). */
const ZIPF_ALPHA = 0.8;

const settings = JSON.parse(process.argv[2]!) as EnduranceSettings;
await run();
process.exit(0);

async function run(): Promise<void> {
  const { port, requests, keys, seed, evicts } = settings;
  const random = new SeededRandom(seed);
  const drawn = drawnKeys(random);
  const kinds = Object.entries(settings.clients).flatMap(([kind, count]) =>
    Array<ClientKind>(count).fill(kind as ClientKind),
  );
  const startedMs = performance.now();
  const briefClients = new Set<Promise<void>>();
  let nextDrawn = 0;
  let answered = 0;
  let disconnected = 0;
  let reported = 0;
  let isRunning = true;

  const tell = (): void => {
    const seconds = (performance.now() - startedMs) / 1000;
    if (seconds > settings.mostSeconds) isRunning = false;
    process.stdout.write(`${JSON.stringify({ answered, disconnected, seconds } satisfies Progress)}\n`);
  };
  const startBriefClient = (): void => {
    const client = connectBriefly(port, random, keys).then(
      () => {
        briefClients.delete(client);
        disconnected++;
      },
      (error) => fail(error as Error),
    );
    briefClients.add(client);
  };
  const ground: Ground = {
    ...{ port, random, keys, evicts, clients: kinds.length },
    batch: new RequestBatch(keys + LOOSE_KEYS),
    ledger: new Ledger(keys),
    draw: () => drawn[nextDrawn++ & (DRAWN - 1)]!,
    answered(count) {
      answered += count;
      while (
        (disconnected + briefClients.size) * REQUESTS_PER_DISCONNECT < answered &&
        briefClients.size < MOST_BRIEF
      ) {
        startBriefClient();
      }
      if (answered >= (reported + 1) * (requests / REPORTS)) {
        reported++;
        tell();
      }
      if (answered >= requests) isRunning = false;
      return isRunning;
    },
    failed: fail,
  };
  const clients: EnduranceClient[] = [];
  for (const [index, kind] of kinds.entries()) {
    clients.push(await EnduranceClient.connect(ground, index, kind));
  }
  await Promise.all(clients.map((client) => client.run()));
  await Promise.all(briefClients);
}

function drawnKeys(random: SeededRandom): Int32Array {
  const zipf = new ZipfSampler(settings.keys, ZIPF_ALPHA, random);
  return Int32Array.from({ length: DRAWN }, () => zipf.next() - 1);
}

function fail(error: Error): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
