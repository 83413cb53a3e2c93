import { expect, test } from "bun:test";
import { systemClock } from "../lib/clock.ts";
import { FakeServer } from "./fake-server-fixture.ts";
import { openLink } from "./handshake.ts";
import { resolveOptions } from "./options.ts";

test("a signal that aborts at the moment of connecting cancels it", async () => {
  await using server = await FakeServer.start(undefined, { greet: () => "" });
  const controller = new AbortController();
  const reason = new Error("too late");
  // The link reads the clock when it is created: after the connection's events, and before the handshake.
  const clock = {
    ...systemClock,
    monotonicMs: () => {
      controller.abort(reason);
      return 0;
    },
  };
  const options = { ...resolveOptions({ host: "127.0.0.1", port: server.port, connectTimeoutMs: 0 }), clock };
  const events = { drained() {}, pushed() {}, ended() {} };
  await expect(openLink(options, controller.signal, events)).rejects.toBe(reason);
});
