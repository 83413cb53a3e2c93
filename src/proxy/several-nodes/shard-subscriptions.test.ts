/** A client's shard channels over nodes of which the test decides every answer. */
import { describe, expect, test } from "bun:test";
import { requestOf } from "../../../test/support/request.ts";
import { Histogram } from "../../instruments/histogram.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { fromLatin1, latin1 } from "../../lib/bytes.ts";
import type { KeyBytes } from "../../lib/key-bytes.ts";
import { ManualTimers } from "../../lib/timers.ts";
import type { Connection } from "../../net/connection.ts";
import { ReplyReader } from "../../protocol/reply-reader.ts";
import { decodeReply } from "../../protocol/reply-value.ts";
import { RespWriter } from "../../protocol/resp-writer.ts";
import { UpstreamError } from "../../upstream/upstream-error.ts";
import type { UpstreamRequest } from "../../upstream/upstream-request.ts";
import type { ProxyParts } from "../context.ts";
import { Fence } from "../fence.ts";
import { ProxyStats } from "../proxy-stats.ts";
import { RESULTS, type ResultName } from "../request-results.ts";
import { OwnerChanges } from "./owner-changes.ts";
import { ShardSubscriptions } from "./shard-subscriptions.ts";

const TIMEOUT_MS = 1000;

function push(kind: string, channel: string, last: string): string {
  return `>3\r\n${bulk(kind)}${bulk(channel)}${last}`;
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** A confirmation in RESP3, as the client gets it. */
function confirmed(kind: string, channel: string, count: number): string {
  return push(kind, channel, `:${count}\r\n`);
}

interface NodeEvents {
  pushed(bytes: Uint8Array, start: number, end: number): void;
  closed(): void;
}

/** A node with one connection at a time. */
class Node {
  readonly channel = { status: "up" };
  isDown = false;
  /** Commands without an answer. */
  readonly commands: { readonly text: string; readonly request: UpstreamRequest }[] = [];
  opened = 0;
  isClosed = true;
  /** While set, what has arrived waits. */
  fences: (() => void)[] | undefined;
  #events: NodeEvents | undefined;

  dedicated(version: number, events: NodeEvents): unknown {
    expect(version).toBe(3);
    if (this.isDown) throw new UpstreamError("ORIGINDOWN", "node is down", false);
    this.opened++;
    this.isClosed = false;
    this.#events = events;
    const node = this;
    const out = new ByteBuffer();
    return {
      out,
      get isClosed() {
        return node.isClosed;
      },
      enqueue(request: UpstreamRequest, timeoutMs: number) {
        expect(timeoutMs).toBe(TIMEOUT_MS);
        const words = decodeReply(out.bytes, 0, out.length, { text: true }) as string[];
        out.clear();
        node.commands.push({ text: words.join(" "), request });
      },
      answeredByPush: (request: UpstreamRequest) => expect(node.commands.shift()!.request).toBe(request),
      close: (error: UpstreamError) => node.close(error),
    };
  }

  /** Lets what has arrived so far be shown. */
  pass(): void {
    for (const then of this.fences!.splice(0)) then();
  }

  fence(then: () => void): void {
    if (this.fences === undefined) then();
    else this.fences.push(then);
  }

  get asked(): string[] {
    return this.commands.map(({ text }) => text);
  }

  says(frame: string): void {
    const bytes = fromLatin1(frame);
    this.#events!.pushed(bytes, 0, bytes.length);
  }

  /** Answers the next command as it is meant. */
  confirms(): void {
    const [kind, channel] = this.commands[0]!.text.toLowerCase().split(" ") as [string, string];
    this.says(push(kind, channel, ":1\r\n"));
  }

  publishes(channel: string, text: string): void {
    this.says(push("smessage", channel, bulk(text)));
  }

  refuses(error: string): void {
    const bytes = fromLatin1(`-${error}\r\n`);
    const reader = new ReplyReader();
    reader.next(bytes, 0, bytes.length);
    this.commands.shift()!.request.reply(bytes, 0, bytes.length, reader);
  }

  fails(): void {
    this.commands.shift()!.request.failed(new UpstreamError("ORIGINTIMEOUT", "too late", true));
  }

  close(error = new UpstreamError("ORIGINDOWN", "gone", true)): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const { request } of this.commands.splice(0)) request.failed(error);
    this.#events!.closed();
  }
}

/** Channels that begin with `a` are of the first node, others of the second one. */
function scene(version: 2 | 3 = 3) {
  const nodes = [new Node(), new Node()] as const;
  const moved = new Map<string, Node>();
  const textOf = ({ bytes, start, end }: KeyBytes) => latin1(bytes, start, end);
  const owned = { isCertain: true };
  const timers = new ManualTimers();
  const clock = { nowMs: 5000 };
  const slow = {
    ...{ log: undefined as never, index: 0, wallMs: () => 0 },
    settings: { slowerThanMs: Number.POSITIVE_INFINITY, slowRequests: 0 },
  };
  const stats = new ProxyStats(
    () => new Histogram(),
    () => 0,
    { next: () => 0 },
    slow,
  );
  const ownerChanges = new OwnerChanges();
  const proxy = {
    ...{ stats, ownerChanges, settings: { originTimeoutMs: TIMEOUT_MS }, nowMs: () => clock.nowMs },
    origin: {
      nodeOf: (name: KeyBytes) => moved.get(textOf(name)) ?? nodes[textOf(name).startsWith("a") ? 0 : 1],
      owns: () => owned.isCertain,
    },
    fence: new Fence({ peers: undefined, timeoutMs: TIMEOUT_MS, giveUp: () => {} }),
  };
  const shown: string[] = [];
  const client = {
    ...{ respVersion: version, shardChannels: 0, exemptFromIdleTimeout: false, arrivedMs: 0 },
    pushAhead: (bytes: Uint8Array, start: number, end: number) => shown.push(latin1(bytes, start, end)),
    hold: () => shown.push("held"),
    closeAfterReplies: () => shown.push("closed"),
  };
  const channels = new ShardSubscriptions(
    proxy as unknown as ProxyParts,
    client as unknown as Connection,
    timers,
  );
  const written = (write: (reply: RespWriter) => void): void => {
    const out = new ByteBuffer();
    write(new RespWriter(out, version));
    shown.push(latin1(out.view()));
  };
  return {
    ...{ nodes, moved, owned, timers, clock, stats, ownerChanges, client, channels },
    /** How many requests had this result. */
    counted(result: ResultName): number {
      const isIt = (_: number, at: number) => at % RESULTS.length === RESULTS.indexOf(result);
      return stats.requests.counts.filter(isIt).reduce((sum, count) => sum + count, 0);
    },
    /** What the client has been shown since the last call. */
    async shown(): Promise<string[]> {
      await Promise.resolve();
      await Promise.resolve();
      return shown.splice(0);
    },
    subscribe: (...names: string[]) =>
      channels.subscribe(requestOf("SSUBSCRIBE", ...names), (write) => written((reply) => write(reply))),
    unsubscribe: (...names: string[]) =>
      written((reply) => channels.unsubscribe(requestOf("SUNSUBSCRIBE", ...names), reply)),
    /** Moves a channel to the second node, as the origin has learned. */
    async move(channel: string): Promise<void> {
      moved.set(channel, nodes[1]);
      ownerChanges.noted();
      await Promise.resolve();
    },
  };
}

/** Subscribed to the channel `a1`, of the first node. */
async function subscribed(version: 2 | 3 = 3) {
  const at = scene(version);
  at.subscribe("a1");
  at.nodes[0].confirms();
  await at.shown();
  return at;
}

describe("SSUBSCRIBE", () => {
  test("asks each node for its channels, and confirms them together, each with its count", async () => {
    const { nodes, client, channels, stats, counted, subscribe, shown } = scene();
    subscribe("a1", "b1", "a1", "a2");
    expect(nodes.map(({ asked }) => asked)).toEqual([["SSUBSCRIBE a1", "SSUBSCRIBE a2"], ["SSUBSCRIBE b1"]]);
    expect([channels.isBusy, stats.forwarded]).toEqual([true, 1]);
    nodes[1].confirms();
    nodes[0].confirms();
    expect(await shown()).toEqual([]);
    expect([client.shardChannels, client.exemptFromIdleTimeout]).toEqual([0, false]);
    nodes[0].confirms();
    expect(await shown()).toEqual([
      [["a1", 1] as const, ["b1", 2] as const, ["a1", 2] as const, ["a2", 3] as const]
        .map(([channel, count]) => confirmed("ssubscribe", channel, count))
        .join(""),
    ]);
    expect([client.shardChannels, client.exemptFromIdleTimeout, channels.isBusy]).toEqual([3, true, false]);
    expect(nodes.map(({ opened }) => opened)).toEqual([1, 1]);
    expect([counted("forwarded"), counted("error")]).toEqual([1, 0]);
  });

  test("of what the client has asks nobody", async () => {
    const { nodes, channels, subscribe, shown } = await subscribed();
    subscribe("a1");
    expect([nodes[0].asked, channels.isBusy]).toEqual([[], false]);
    expect(await shown()).toEqual([confirmed("ssubscribe", "a1", 1)]);
    subscribe("a1", "a2");
    expect(nodes[0].asked).toEqual(["SSUBSCRIBE a2"]);
    nodes[0].confirms();
    expect(await shown()).toEqual([confirmed("ssubscribe", "a1", 1) + confirmed("ssubscribe", "a2", 2)]);
  });

  test("shows what arrives before the last confirmation behind it", async () => {
    const { nodes, subscribe, shown } = scene(2);
    subscribe("a1", "b1");
    nodes[0].confirms();
    nodes[0].publishes("a1", "early");
    expect(await shown()).toEqual([]);
    nodes[1].confirms();
    nodes[0].publishes("a1", "late");
    const [reply, message, ...none] = await shown();
    const early = push("smessage", "a1", bulk("early"));
    expect(reply).toBe(
      `${confirmed("ssubscribe", "a1", 1)}${confirmed("ssubscribe", "b1", 2)}${early}`.replaceAll(">", "*"),
    );
    expect(message).toBe(push("smessage", "a1", bulk("late")).replace(">", "*"));
    expect(none).toEqual([]);
  });

  test("refused for one channel subscribes to none", async () => {
    const { nodes, client, channels, counted, subscribe, shown } = scene();
    subscribe("a1", "b1", "a2");
    nodes[0].confirms();
    nodes[0].refuses("NOPERM not a2");
    expect(await shown()).toEqual([]);
    nodes[1].confirms();
    expect(await shown()).toEqual(["-NOPERM not a2\r\n"]);
    expect(nodes.map(({ asked }) => asked)).toEqual([
      ["SUNSUBSCRIBE a1", "SUNSUBSCRIBE a2"],
      ["SUNSUBSCRIBE b1"],
    ]);
    expect([client.shardChannels, channels.isBusy, counted("error")]).toEqual([0, false, 1]);
    nodes[0].publishes("a1", "stray");
    expect(await shown()).toEqual([]);
    nodes[1].confirms();
    expect([nodes[0].isClosed, nodes[1].isClosed]).toEqual([false, true]);
  });

  test("follows a redirection three times at once, then waits longer and longer", () => {
    const { nodes, timers, subscribe } = scene();
    subscribe("a1");
    for (let attempt = 1; attempt < 4; attempt++) nodes[0].refuses("MOVED 7 other:1");
    expect([nodes[0].asked, timers.count]).toEqual([["SSUBSCRIBE a1"], 0]);
    for (const waitMs of [5, 10, 20, 40, 80, 100, 100]) {
      nodes[0].refuses("MOVED 7 other:1");
      timers.advance(waitMs - 1);
      expect(nodes[0].asked).toEqual([]);
      timers.advance(1);
      expect(nodes[0].asked).toEqual(["SSUBSCRIBE a1"]);
    }
  });

  test.each(["TRYAGAIN", "CLUSTERDOWN", "LOADING"])("waits from the first %s on", (code) => {
    const { nodes, timers, subscribe } = scene();
    subscribe("a1");
    for (const waitMs of [5, 5, 5, 5, 10]) {
      nodes[0].refuses(`${code} later`);
      timers.advance(waitMs - 1);
      expect(nodes[0].asked).toEqual([]);
      timers.advance(1);
      expect(nodes[0].asked).toEqual(["SSUBSCRIBE a1"]);
    }
  });

  test("goes to the node that owns the channel by then", async () => {
    const { nodes, moved, subscribe, shown } = scene();
    subscribe("a1");
    moved.set("a1", nodes[1]);
    nodes[0].refuses("MOVED 7 other:1");
    expect([nodes[0].asked, nodes[0].isClosed]).toEqual([[], true]);
    nodes[1].confirms();
    expect(await shown()).toEqual([confirmed("ssubscribe", "a1", 1)]);
  });

  test("gives up when the time is over, with the last error", async () => {
    const { nodes, clock, subscribe, shown, timers } = scene();
    subscribe("a1");
    clock.nowMs += TIMEOUT_MS - 1;
    nodes[0].refuses("TRYAGAIN first");
    timers.advance(5);
    clock.nowMs++;
    nodes[0].refuses("TRYAGAIN last");
    expect(await shown()).toEqual(["-TRYAGAIN last\r\n"]);
    expect(timers.count).toBe(0);
  });

  test("of a node that does not answer, or is down, is an error of the origin's", async () => {
    const { nodes, subscribe, shown, stats } = scene();
    subscribe("a1");
    nodes[0].fails();
    // Later answers could not be told from the one that is missing.
    expect(nodes[0].isClosed).toBe(true);
    expect(await shown()).toEqual(["-ORIGINTIMEOUT too late\r\n"]);
    nodes[1].isDown = true;
    subscribe("b1");
    expect(await shown()).toEqual(["-ORIGINDOWN node is down\r\n"]);
    expect(stats.originErrors).toBe(2);
  });
});

describe("SUNSUBSCRIBE", () => {
  test("confirms each channel, had or not, and ends an unused connection", async () => {
    const { nodes, client, counted, subscribe, unsubscribe, shown } = await subscribed();
    subscribe("b1");
    nodes[1].confirms();
    await shown();
    expect(counted("forwarded")).toBe(2);
    unsubscribe("other", "a1");
    expect(counted("forwarded")).toBe(3);
    expect(await shown()).toEqual([
      confirmed("sunsubscribe", "other", 2) + confirmed("sunsubscribe", "a1", 1),
    ]);
    expect(client.shardChannels).toBe(1);
    expect(nodes.map(({ asked }) => asked)).toEqual([["SUNSUBSCRIBE a1"], []]);
    nodes[0].publishes("a1", "stray");
    nodes[0].confirms();
    expect(nodes.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    expect(await shown()).toEqual([]);
    subscribe("a1");
    expect(nodes[0].opened).toBe(2);
  });

  test("of one channel leaves the others", async () => {
    const { nodes, subscribe, unsubscribe, shown } = await subscribed();
    subscribe("a2");
    nodes[0].confirms();
    await shown();
    unsubscribe("a1");
    expect(await shown()).toEqual([confirmed("sunsubscribe", "a1", 1)]);
    // While the node has not answered, it drops the other one, whose slot has moved.
    nodes[0].says(push("sunsubscribe", "a2", ":0\r\n"));
    expect(nodes[0].asked).toEqual(["SUNSUBSCRIBE a1", "SSUBSCRIBE a2"]);
  });

  test("ends what has arrived and is not shown yet", async () => {
    const { nodes, unsubscribe, shown } = await subscribed();
    nodes[0].fences = [];
    nodes[0].publishes("a1", "late");
    unsubscribe("a1");
    expect(await shown()).toEqual([confirmed("sunsubscribe", "a1", 0)]);
    nodes[0].pass();
    expect(await shown()).toEqual([]);
  });

  test("without names ends all; of none it tells so", async () => {
    const { nodes, client, subscribe, unsubscribe, shown } = await subscribed();
    subscribe("b1");
    nodes[1].confirms();
    await shown();
    unsubscribe();
    expect(await shown()).toEqual([confirmed("sunsubscribe", "a1", 1) + confirmed("sunsubscribe", "b1", 0)]);
    expect(client.shardChannels).toBe(0);
    unsubscribe();
    expect(await shown()).toEqual([`>3\r\n${bulk("sunsubscribe")}_\r\n:0\r\n`]);
  });
});

describe("a channel whose slot moves", () => {
  test("is subscribed to at its new owner, when the old one has dropped it", async () => {
    const { nodes, moved, shown } = await subscribed();
    moved.set("a1", nodes[1]);
    nodes[0].fences = [];
    for (const text of ["old", "as old"]) nodes[0].publishes("a1", text);
    nodes[0].says(push("sunsubscribe", "a1", ":0\r\n"));
    expect(nodes[1].asked).toEqual(["SSUBSCRIBE a1"]);
    nodes[1].confirms();
    nodes[1].publishes("a1", "new");
    nodes[1].publishes("a1", "newer");
    // What the old owner has sent has not been shown yet.
    expect(await shown()).toEqual([]);
    nodes[0].pass();
    expect(await shown()).toEqual(
      ["old", "as old", "new", "newer"].map((text) => push("smessage", "a1", bulk(text))),
    );
    nodes[1].publishes("a1", "next");
    expect(await shown()).toEqual([push("smessage", "a1", bulk("next"))]);
  });

  test("before the client knows that it is subscribed, shows nothing earlier than that", async () => {
    const { nodes, moved, subscribe, shown } = scene();
    subscribe("a1", "a2");
    nodes[0].confirms();
    nodes[0].publishes("a1", "old");
    moved.set("a1", nodes[1]);
    nodes[0].says(push("sunsubscribe", "a1", ":0\r\n"));
    expect(await shown()).toEqual([]);
    nodes[0].confirms();
    const confirmations = confirmed("ssubscribe", "a1", 1) + confirmed("ssubscribe", "a2", 2);
    expect(await shown()).toEqual([confirmations + push("smessage", "a1", bulk("old"))]);
  });

  test("before the client knows that it is subscribed, keeps what the old owner has sent in front", async () => {
    const { nodes, moved, subscribe, shown } = scene();
    subscribe("a1", "a2");
    nodes[0].confirms();
    nodes[0].fences = [];
    nodes[0].publishes("a1", "old");
    moved.set("a1", nodes[1]);
    nodes[0].says(push("sunsubscribe", "a1", ":0\r\n"));
    nodes[1].confirms();
    nodes[1].publishes("a1", "new");
    expect(await shown()).toEqual([]);
    nodes[0].confirms();
    expect(await shown()).toEqual([confirmed("ssubscribe", "a1", 1) + confirmed("ssubscribe", "a2", 2)]);
    nodes[0].pass();
    expect(await shown()).toEqual([push("smessage", "a1", bulk("old")), push("smessage", "a1", bulk("new"))]);
  });

  test("leaves a node that goes on sending", async () => {
    const { nodes, move, shown } = await subscribed();
    await move("a1");
    expect(nodes.map(({ asked }) => asked)).toEqual([["SUNSUBSCRIBE a1"], ["SSUBSCRIBE a1"]]);
    nodes[0].publishes("a1", "too much");
    nodes[1].confirms();
    expect(await shown()).toEqual([]);
  });

  test("stays where it is while the new owner is not certain, or the same", async () => {
    const { nodes, owned, move, ownerChanges, shown } = await subscribed();
    ownerChanges.noted();
    await Promise.resolve();
    owned.isCertain = false;
    await move("a1");
    expect(nodes.map(({ asked }) => asked)).toEqual([[], []]);
    expect(await shown()).toEqual([]);
  });

  test("before it is confirmed, follows as soon as it is", async () => {
    const { nodes, move, subscribe } = scene();
    subscribe("a1");
    await move("a1");
    expect(nodes[1].asked).toEqual([]);
    nodes[0].confirms();
    expect(nodes.map(({ asked }) => asked)).toEqual([["SUNSUBSCRIBE a1"], ["SSUBSCRIBE a1"]]);
  });

  test("back again waits for the confirmation of the node in between", async () => {
    const { nodes, moved, ownerChanges, move } = await subscribed();
    await move("a1");
    nodes[0].confirms();
    moved.delete("a1");
    ownerChanges.noted();
    await Promise.resolve();
    expect(nodes.map(({ asked }) => asked)).toEqual([[], ["SSUBSCRIBE a1"]]);
    nodes[1].confirms();
    expect(nodes.map(({ asked }) => asked)).toEqual([["SSUBSCRIBE a1"], ["SUNSUBSCRIBE a1"]]);
  });

  test("away from a silent node ends the client: it may have missed messages", async () => {
    const { nodes, move, shown } = await subscribed();
    nodes[0].channel.status = "silent";
    await move("a1");
    expect(await shown()).toEqual(["held", "closed"]);
    expect(nodes[1].asked).toEqual([]);
  });

  test("to a node that is down is tried again until the time is over", async () => {
    const { nodes, timers, clock, move, shown } = await subscribed();
    nodes[1].isDown = true;
    await move("a1");
    nodes[1].isDown = false;
    timers.advance(99);
    expect(nodes[1].asked).toEqual([]);
    timers.advance(1);
    expect(nodes[1].asked).toEqual(["SSUBSCRIBE a1"]);
    clock.nowMs += TIMEOUT_MS;
    nodes[1].refuses("NOPERM any more");
    expect(await shown()).toEqual(["held", "closed"]);
  });

  test("is ended at its new owner, too, when that has not confirmed it yet", async () => {
    const { nodes, move, unsubscribe } = await subscribed();
    await move("a1");
    unsubscribe("a1");
    expect(nodes[1].asked).toEqual(["SSUBSCRIBE a1", "SUNSUBSCRIBE a1"]);
    nodes[1].confirms();
    nodes[1].confirms();
    expect(nodes[1].isClosed).toBe(true);
  });

  test("is forgotten when the client ends it meanwhile", async () => {
    const { nodes, timers, clock, move, unsubscribe, shown } = await subscribed();
    nodes[1].isDown = true;
    await move("a1");
    unsubscribe("a1");
    await shown();
    nodes[1].isDown = false;
    clock.nowMs += TIMEOUT_MS;
    timers.advance(100);
    expect(nodes[1].asked).toEqual([]);
    expect(await shown()).toEqual([]);
  });
});

describe("the end", () => {
  test("of a node's connection ends the client, behind what has arrived", async () => {
    const { nodes, subscribe, shown } = await subscribed();
    subscribe("b1");
    nodes[1].confirms();
    await shown();
    nodes[0].publishes("a1", "last");
    nodes[0].close();
    expect(await shown()).toEqual([push("smessage", "a1", bulk("last")), "held", "closed"]);
    expect(nodes[1].isClosed).toBe(true);
  });

  test("of a node's connection is the client's, even if its channels move meanwhile", async () => {
    const { nodes, move, shown } = await subscribed();
    nodes[0].fences = [];
    nodes[0].close();
    await move("a1");
    expect([nodes[1].opened, await shown()]).toEqual([0, []]);
    nodes[0].pass();
    expect(await shown()).toEqual(["held", "closed"]);
  });

  test("of the client leaves nothing to show", async () => {
    const { nodes, channels, shown } = await subscribed();
    nodes[0].fences = [];
    nodes[0].publishes("a1", "late");
    nodes[0].close();
    expect(await shown()).toEqual([]);
    channels.end();
    nodes[0].pass();
    expect(await shown()).toEqual([]);
  });

  test("of the client ends its connections, once, and is no loss", async () => {
    const { nodes, channels, ownerChanges, shown, moved } = await subscribed();
    channels.end();
    channels.end();
    expect(nodes[0].isClosed).toBe(true);
    moved.set("a1", nodes[1]);
    ownerChanges.noted();
    expect(await shown()).toEqual([]);
    expect(nodes[1].opened).toBe(0);
  });

  test("of the client answers what it has asked for", async () => {
    const { nodes, channels, timers, subscribe, shown } = scene();
    subscribe("a1");
    nodes[0].refuses("TRYAGAIN later");
    channels.end();
    expect(await shown()).toEqual(["-ORIGINDOWN the client's subscriptions have ended\r\n"]);
    expect([channels.isBusy, nodes[0].isClosed]).toEqual([false, true]);
    timers.advance(TIMEOUT_MS);
    expect([nodes[0].opened, await shown()]).toEqual([1, []]);
  });

  test("of the client is no failure of a node that has not answered yet", async () => {
    const { nodes, channels, stats, subscribe, shown } = scene();
    subscribe("a1", "b1");
    nodes[0].confirms();
    channels.end();
    expect(await shown()).toEqual(["-ORIGINDOWN the client's subscriptions have ended\r\n"]);
    expect([channels.isBusy, nodes[0].isClosed, nodes[1].isClosed]).toEqual([false, true, true]);
    expect(stats.originErrors).toBe(0);
  });
});
