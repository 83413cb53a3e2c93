import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { latin1 } from "../lib/bytes.ts";
import type { Access } from "./acl/access.ts";
import type { Client } from "./client.ts";
import { type MonitoringThreads, Monitors } from "./monitors.ts";

class FakeClient {
  readonly database = 0;
  readonly remoteAddress = "a:1";
  protocol = "resp";
  exemptFromIdleTimeout = false;
  readonly seen: string[] = [];

  pushBytes(bytes: Uint8Array, start: number, end: number): void {
    this.seen.push(
      latin1(bytes, start, end)
        .replace(/^.*?\] /, "")
        .trimEnd(),
    );
  }
}

function clientOf(fake: FakeClient): Client {
  return fake as unknown as Client;
}

/** Shows a request of a client, which may run it if `may`. */
function show(monitors: Monitors, from: FakeClient, text: string, may = true): void {
  const access = { may: () => may } as unknown as Access;
  monitors.show(requestOf(...text.split(" ")), clientOf(from), access, 0);
}

test("requests that are executed are shown, also those of the text protocol, and no others", () => {
  const [asking, inText, monitor] = [new FakeClient(), new FakeClient(), new FakeClient()];
  const monitors = new Monitors();
  monitors.add(clientOf(monitor));
  inText.protocol = "text";
  show(monitors, asking, "GET a");
  show(monitors, asking, "NOSUCH a");
  show(monitors, asking, "GET");
  show(monitors, asking, "GET a b");
  show(monitors, asking, "CONFIG GET a");
  show(monitors, asking, "SET a 1", false);
  show(monitors, inText, "NOSUCH");
  show(monitors, inText, "PUT a", false);
  expect(monitor.seen).toEqual(['"GET" "a"', '"NOSUCH"']);
});

test("a client that monitors may be silent, until it does so no more; RESET ends it before it is shown", () => {
  const [one, other] = [new FakeClient(), new FakeClient()];
  let ended = 0;
  const monitors = new Monitors(undefined, () => ended++);
  expect([monitors.isOn, monitors.hasOwn]).toEqual([false, false]);
  for (const client of [one, one, other]) monitors.add(clientOf(client));
  expect([monitors.isOn, monitors.has(clientOf(one)), one.exemptFromIdleTimeout]).toEqual([true, true, true]);
  show(monitors, one, "RESET");
  expect([one.seen, other.seen]).toEqual([[], ['"RESET"']]);
  expect([monitors.has(clientOf(one)), one.exemptFromIdleTimeout, ended]).toEqual([false, false, 0]);
  one.exemptFromIdleTimeout = true;
  monitors.remove(clientOf(one));
  expect(one.exemptFromIdleTimeout).toBe(true);
  monitors.remove(clientOf(other));
  monitors.remove(clientOf(other));
  expect([monitors.isOn, ended]).toEqual([false, 1]);
});

test("other threads learn who monitors here, and what is shown here", () => {
  const told: (number | string)[] = [];
  const threads: MonitoringThreads = {
    hasMonitors: true,
    changed: (by) => void told.push(by),
    tell: (line) => void told.push(latin1(line).trimEnd()),
  };
  const monitors = new Monitors(threads);
  const client = new FakeClient();
  expect([monitors.isOn, monitors.hasOwn]).toEqual([true, false]);
  show(monitors, client, "GET a");
  monitors.add(clientOf(client));
  monitors.add(clientOf(client));
  monitors.shown(Buffer.from('1 [0 b:1] "GET" "b"\r\n'));
  monitors.remove(clientOf(client));
  expect(told).toEqual(['+0.000000 [0 a:1] "GET" "a"', 1, -1]);
  expect(client.seen).toEqual(['"GET" "b"']);
});
