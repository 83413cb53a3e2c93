import type { Engine, RemovalListener } from "../../src/engine/engine.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { type Log, silentLog } from "../../src/lib/log.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import type { DebugAccess } from "../../src/server/debug-access.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "../../src/server/limits.ts";
import { Server } from "../../src/server/server.ts";
import { MapEngine, type MapEngineOptions } from "./map-engine.ts";
import { RespClient, type RespClientOptions } from "./resp-client.ts";
import { TextClient } from "./text-client.ts";

export interface LocalServerOptions {
  readonly clock?: Clock;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  readonly limits?: Partial<ServerLimits>;
  readonly password?: string;
  readonly debugAccess?: DebugAccess;
  readonly respOnly?: boolean;
  readonly engine?: Partial<MapEngineOptions>;
  readonly log?: Log;
  /** An engine other than the test's own. */
  readonly openEngine?: (onRemoval: RemovalListener) => Engine;
}

/** Our server in the test's own process, on a free port, with an engine that the test can hold in its hands. */
export class LocalServer implements AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly #clients: (RespClient | TextClient)[] = [];

  constructor(options: LocalServerOptions = {}) {
    const clock = options.clock ?? systemClock;
    const random = new SeededRandom(1);
    this.server = Server.create({
      openEngine:
        options.openEngine ?? ((onRemoval) => new MapEngine({ clock, random, onRemoval, ...options.engine })),
      password: options.password,
      debugAccess: options.debugAccess,
      limits: { ...DEFAULT_SERVER_LIMITS, ...options.limits },
      storage: { directory: "", sync: "always", policy: "s3-fifo", whenFull: "evict" },
      clock,
      random,
      hashKey: { low: 1, high: 0 },
      log: options.log ?? silentLog,
    });
    const listener = this.server.listen({
      host: options.host ?? "127.0.0.1",
      port: 0,
      respOnly: options.respOnly,
    });
    this.port = listener.port;
  }

  /** The engine, when it is the test's own. */
  get engine(): MapEngine {
    return this.server.engine as MapEngine;
  }

  /** A client that is closed with the server. */
  async client(options: Omit<RespClientOptions, "port"> = {}): Promise<RespClient> {
    const client = await RespClient.connect({ port: this.port, ...options });
    this.#clients.push(client);
    return client;
  }

  async textClient(): Promise<TextClient> {
    const client = await TextClient.connect(this.port);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.close();
  }
}
