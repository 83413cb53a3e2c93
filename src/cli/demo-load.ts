import { type Client, connect } from "../client/client.ts";
import type { Random } from "../lib/random.ts";
import { addressOf } from "./demo-address.ts";
import {
  FAMILIES,
  HERD_BYTES,
  HERD_KEY,
  type KeyFamily,
  SCANNED,
  textOf,
  valueFor,
  WRITTEN_PAST,
} from "./demo-keys.ts";
import type { FromLoad, LoadCounts, LoadPhase } from "./demo-load-messages.ts";
import { Pacer } from "./demo-pacer.ts";
import { DemoTraffic } from "./demo-traffic.ts";

export interface DemoLoadOptions {
  readonly serverPort: number;
  readonly connections: number;
  readonly random: Random;
}

const TICK_MS = 5;
const KEYS_PER_WRITE = 100;
/** How often something happens in a phase, however long it is. */
const HERDS_A_PHASE = 72;
const WRITES_A_PHASE = 240;
const NEVER = 0;

/** Clients that read and write through the proxy, each one request at a time, and a client that writes past it. */
export class DemoLoad {
  readonly counts: LoadCounts = { hits: 0, misses: 0, failures: 0 };
  readonly #options: DemoLoadOptions;
  readonly #traffic: DemoTraffic;
  #clients: Client[] = [];
  /** Clients that have no request under way. */
  #free: Client[] = [];
  #server: Client | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #reads = new Pacer(NEVER, 0);
  #scans = new Pacer(NEVER, 0);
  #herds = new Pacer(NEVER, 0);
  #writes = new Pacer(NEVER, 0);
  #isScanTurn = false;
  /** Writes so far: a key's new value differs from its old one. */
  #written = 0;

  constructor(options: DemoLoadOptions) {
    this.#options = options;
    this.#traffic = new DemoTraffic(options.random);
  }

  /**
   * Writes every key that does not expire.
   * @param progress called with the number of keys written
   */
  async fill(progress: (written: number) => void): Promise<void> {
    await using client = await connect({ port: this.#options.serverPort, timeoutMs: 60_000 });
    let entries: string[] = [];
    let written = 0;
    const write = async () => {
      await client.command("MSET", ...entries);
      written += entries.length / 2;
      entries = [];
      progress(written);
    };
    for (const family of FAMILIES) {
      if (family.ttlMs !== undefined) continue;
      for (let number = 1; number <= family.count; number++) {
        entries.push(family.key(number), valueFor(family, number));
        if (entries.length === 2 * KEYS_PER_WRITE) await write();
      }
    }
    if (entries.length > 0) await write();
  }

  /** @param connected is called with the address of each connection */
  async connect(
    proxyPort: number,
    connected: (connection: Pick<FromLoad, "address" | "serverAddress">) => void,
  ): Promise<void> {
    const { connections, serverPort } = this.#options;
    this.#server = await connect({ port: serverPort });
    connected({ serverAddress: await addressOf(this.#server) });
    this.#clients = await Promise.all(
      Array.from({ length: connections }, async () => {
        const client: Client = await connect({ port: proxyPort });
        await client.command("CLIENT", "SETNAME", "demo-load");
        connected({ address: await addressOf(client) });
        return client;
      }),
    );
    this.#free = [...this.#clients];
  }

  /** Begins a phase, which lasts until the next one. */
  enter({ name, readsPerSecond, durationMs, mark }: LoadPhase): void {
    const nowMs = performance.now();
    const perSecond = (count: number) => (count * 1000) / durationMs;
    this.#reads = new Pacer(readsPerSecond, nowMs);
    this.#scans = new Pacer(name === "scan" ? perSecond(SCANNED.count) : NEVER, nowMs);
    this.#herds = new Pacer(name === "herd" ? perSecond(HERDS_A_PHASE) : NEVER, nowMs);
    this.#writes = new Pacer(name === "writes" ? perSecond(WRITES_A_PHASE) : NEVER, nowMs);
    if (name === "scan") this.#traffic.beginScan();
    if (name === "move") this.#traffic.movePopularity();
    // Without instruments there is no history.
    this.#clients[0]!.command("GLASS.MARK", mark).catch(() => {});
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    this.#pump();
    const nowMs = performance.now();
    if (this.#herds.take(nowMs)) void this.#herd();
    if (this.#writes.take(nowMs)) void this.#writePast();
  }

  /** Has free clients make the requests that are due; in turns, so that a scan does not keep out the usual reads. */
  #pump(): void {
    const nowMs = performance.now();
    for (let idle = 0; idle < 2 && this.#free.length > 0; ) {
      this.#isScanTurn = !this.#isScanTurn;
      idle = (this.#isScanTurn ? this.#scanNext(nowMs) : this.#readNext(nowMs)) ? 0 : idle + 1;
    }
  }

  #scanNext(nowMs: number): boolean {
    const number = this.#scans.take(nowMs) ? this.#traffic.nextScanned() : undefined;
    if (number === undefined) return false;
    void this.#read(SCANNED, number, false);
    return true;
  }

  #readNext(nowMs: number): boolean {
    if (!this.#reads.take(nowMs)) return false;
    const { family, number, writes } = this.#traffic.next();
    void this.#read(family, number, writes);
    return true;
  }

  async #read(family: KeyFamily, number: number, writes: boolean): Promise<void> {
    const client = this.#free.pop()!;
    const key = family.key(number);
    const found = await this.#get(client, key);
    if (found === null || writes) {
      const options = family.ttlMs === undefined ? {} : { ttlMs: family.ttlMs };
      await this.#count(client.put(key, valueFor(family, number), options));
    }
    this.#free.push(client);
    this.#pump();
  }

  /** A page is written; then all clients ask for it at once. */
  async #herd(): Promise<void> {
    const page = textOf(`${HERD_KEY} ${++this.#written}`, HERD_BYTES);
    await this.#count(this.#clients[0]!.put(HERD_KEY, page));
    await Promise.all(this.#clients.map((client) => this.#get(client, HERD_KEY)));
  }

  async #writePast(): Promise<void> {
    const key = WRITTEN_PAST.key(this.#traffic.nextWritten());
    await this.#count(this.#server!.put(key, textOf(`${key} ${++this.#written}`, WRITTEN_PAST.mostBytes)));
  }

  async #get(client: Client, key: string): Promise<Uint8Array | null | undefined> {
    try {
      const { source, value } = await client.get(key, { as: "bytes" });
      if (source === "hit") this.counts.hits++;
      else this.counts.misses++;
      return value;
    } catch {
      this.counts.failures++;
      return undefined;
    }
  }

  async #count(write: Promise<unknown>): Promise<void> {
    try {
      await write;
    } catch {
      this.counts.failures++;
    }
  }
}
