import { type Clock, systemClock } from "../lib/clock.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { type Random, systemRandom } from "../lib/random.ts";
import { ClientRegistry } from "../net/client-registry.ts";
import { type ConnectionLimits, DEFAULT_LIMITS } from "../net/limits.ts";
import { Listener } from "../net/listener.ts";
import { CachingProxy, type ProxyOptions } from "./proxy.ts";

export interface StartProxyOptions
  extends Partial<Omit<ProxyOptions, "origin" | "registry" | "clock" | "random" | "log">> {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly origin: string;
  readonly limits?: ConnectionLimits;
  readonly respOnly?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
}

export interface RunningProxy {
  readonly port: number;
  readonly proxy: CachingProxy;
  /** Lets clients have their replies, then ends. */
  close(): Promise<void>;
}

const DRAIN_MS = 5000;

/** Composes a proxy and its listener. @throws ListenError, RangeError */
export async function startProxy(options: StartProxyOptions): Promise<RunningProxy> {
  const registry = new ClientRegistry();
  const clock = options.clock ?? systemClock;
  const proxy = new CachingProxy({
    origin: options.origin,
    memoryBytes: options.memoryBytes ?? 64 * 1024 ** 2,
    policy: options.policy ?? "s3-fifo",
    password: options.password,
    originTimeoutMs: options.originTimeoutMs ?? 5000,
    heartbeatMs: options.heartbeatMs ?? 1000,
    heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 2000,
    ttlMs: options.ttlMs ?? 1000,
    originPendingBytes: options.originPendingBytes ?? 64 * 1024 ** 2,
    clock,
    random: options.random ?? systemRandom,
    log: options.log ?? silentLog,
    registry,
    maxConnections: (options.limits ?? DEFAULT_LIMITS).connections,
    version: options.version ?? "0.1.0",
    unsafeSkipLeases: options.unsafeSkipLeases ?? false,
  });
  let listener: Listener;
  try {
    listener = Listener.open({
      host: options.host,
      port: options.port,
      service: proxy,
      registry,
      limits: options.limits ?? DEFAULT_LIMITS,
      clock,
      respOnly: options.respOnly ?? false,
      passwordRequired: () => proxy.host.password !== undefined,
    });
  } catch (error) {
    proxy.close();
    throw error;
  }
  proxy.port = listener.port;
  return {
    port: listener.port,
    proxy,
    async close() {
      await listener.drain(DRAIN_MS);
      proxy.close();
    },
  };
}
