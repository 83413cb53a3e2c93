import { afterAll, beforeAll } from "bun:test";
import { LocalProxy } from "./local-proxy.ts";
import { type RunningServer, startRedis } from "./origins.ts";
import { RespClient } from "./resp-client.ts";

/** A real Redis, our proxy in front of it, and a client of the Redis itself. */
export interface ProxiedRedis {
  readonly origin: RunningServer;
  readonly local: LocalProxy;
  readonly direct: RespClient;
}

/** Has them started before the tests of a `describe` and ended behind them. */
export function proxiedRedis(): ProxiedRedis {
  const started: Partial<{ -readonly [Part in keyof ProxiedRedis]: ProxiedRedis[Part] }> = {};
  beforeAll(async () => {
    started.origin = await startRedis();
    started.local = await LocalProxy.ready({ origin: started.origin.port });
    started.direct = await RespClient.connect({ port: started.origin.port });
  });
  afterAll(async () => {
    started.direct?.close();
    await started.local?.[Symbol.asyncDispose]();
    await started.origin?.[Symbol.asyncDispose]();
  });
  return started as ProxiedRedis;
}
