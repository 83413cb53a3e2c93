import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FrameClient } from "../../../test/support/frame-client.ts";
import { LocalServer } from "../../../test/support/local-server.ts";
import { type RunningServer, startRedis } from "../../../test/support/origins.ts";
import { requireProgram } from "../../../test/support/requirements.ts";
import { SeededRandom } from "../../lib/random.ts";

const SEED = Number(process.env["GLASSCACHE_DIFFERENTIAL_SEED"] ?? 20_261_129);
const redis = requireProgram("redis-server");

/** A request of one client. Before the next request, all clients have received their messages. */
type Step = readonly [client: string, request: string];

/** Clients `a` and `b` speak RESP2, `x` and `y` RESP3. */
const SCENARIOS: Readonly<Record<string, readonly Step[]>> = {
  "channels and patterns": [
    ["a", "PSUBSCRIBE news.* p?ws.* [a-c]"],
    ["x", "PSUBSCRIBE *"],
    ["a", "SUBSCRIBE news.art"],
    ["b", "PUBLISH news.art hello"],
    ["b", "PUBLISH b there"],
    ["b", "PUBLISH other nobody"],
    ["a", "PUNSUBSCRIBE p?ws.* nosuch"],
    ["b", "PUBLISH news.art again"],
    ["a", "UNSUBSCRIBE"],
    ["a", "PUNSUBSCRIBE"],
    ["a", "PUNSUBSCRIBE"],
    ["b", "PUBLISH news.art over"],
  ],
  "shard channels are apart": [
    ["a", "SSUBSCRIBE orders stock"],
    ["a", "SUBSCRIBE orders"],
    ["x", "SSUBSCRIBE orders"],
    ["b", "SPUBLISH orders one"],
    ["b", "PUBLISH orders two"],
    ["b", "SPUBLISH nosuch three"],
    ["a", "SUNSUBSCRIBE orders"],
    ["x", "SUNSUBSCRIBE"],
    ["x", "SUNSUBSCRIBE"],
    ["b", "SPUBLISH stock four"],
  ],
  "what a subscriber may ask": [
    ["a", "PSUBSCRIBE p*"],
    ["a", "GET k"],
    ["a", "PUBLISH p x"],
    ["a", "PING"],
    ["a", "PUNSUBSCRIBE p*"],
    ["a", "GET k"],
    ["b", "SSUBSCRIBE s"],
    ["b", "GET k"],
    ["b", "SUNSUBSCRIBE s"],
    ["b", "GET k"],
    ["x", "PSUBSCRIBE p*"],
    ["x", "GET k"],
  ],
  "what PUBSUB tells": [
    ["x", "SUBSCRIBE one"],
    ["x", "PSUBSCRIBE t* u*"],
    ["a", "PSUBSCRIBE t*"],
    ["x", "SSUBSCRIBE shard"],
    ["b", "PUBSUB CHANNELS"],
    ["b", "PUBSUB CHANNELS o*"],
    ["b", "PUBSUB CHANNELS z*"],
    ["b", "PUBSUB CHANNELS a b"],
    ["b", "PUBSUB NUMSUB"],
    ["b", "PUBSUB NUMSUB one two one"],
    ["y", "PUBSUB NUMSUB one shard"],
    ["b", "PUBSUB NUMPAT"],
    ["b", "PUBSUB NUMPAT x"],
    ["y", "PUBSUB SHARDCHANNELS"],
    ["b", "PUBSUB SHARDCHANNELS x*"],
    ["b", "PUBSUB SHARDNUMSUB shard one"],
    ["b", "PUBSUB HELP"],
    ["b", "PUBSUB NOSUCH"],
    ["b", "PUBSUB"],
  ],
  "after RESET, and with too few arguments": [
    ["a", "PSUBSCRIBE q*"],
    ["a", "RESET"],
    ["b", "PUBLISH queue after"],
    ["b", "PUBSUB NUMPAT"],
    ["b", "PSUBSCRIBE"],
    ["b", "SPUBLISH x"],
  ],
};

/** Requests of a client that wants no replies; those of RESP3 begin with HELLO 3. */
const SILENCED = [
  ...["CLIENT REPLY OFF", "SUBSCRIBE c", "PSUBSCRIBE p* q*", "SSUBSCRIBE s", "PUBLISH c hello", "SUBSCRIBE"],
  ...["UNSUBSCRIBE c", "SUNSUBSCRIBE", "MULTI", "SUBSCRIBE d", "EXEC", "UNSUBSCRIBE d", "PUNSUBSCRIBE"],
  ...[
    "CLIENT REPLY ON",
    "CLIENT REPLY SKIP",
    "PSUBSCRIBE r*",
    "PUNSUBSCRIBE r*",
    "CLIENT REPLY SKIP",
    "PUNSUBSCRIBE",
  ],
];

async function silenced(port: number, requests: readonly string[]): Promise<string[]> {
  const client = await FrameClient.connect(port);
  client.send(...[...requests, "PING end"].map((request) => request.split(" ")));
  await client.receivedFrame((frame) => frame.includes("end"));
  client.close();
  return client.frames;
}

/** Returns what each client receives, in order. */
async function play(port: number, steps: readonly Step[]): Promise<Record<string, string[]>> {
  const clients = new Map<string, FrameClient>();
  for (const name of ["a", "b", "x", "y"]) clients.set(name, await FrameClient.connect(port));
  for (const name of ["x", "y"]) {
    clients.get(name)!.send(["HELLO", "3"]);
    await clients.get(name)!.received(1);
    clients.get(name)!.frames.length = 0;
  }
  let barrier = 0;
  for (const [name, request] of steps) {
    const tag = `barrier-${++barrier}`;
    // The requesting client is read first: by then, the messages that its request causes are on their way to the
    // others.
    for (const client of [clients.get(name)!, ...clients.values()]) {
      const before = client.frames.filter((frame) => frame.includes(tag)).length;
      client.send(...(before === 0 && client === clients.get(name) ? [request.split(" ")] : []), [
        "PING",
        tag,
      ]);
      await client.receivedFrame((frame) => frame.includes(tag), before + 1);
    }
  }
  const received = Object.fromEntries([...clients].map(([name, { frames }]) => [name, frames]));
  for (const client of clients.values()) client.close();
  return received;
}

/**
 * Subscriptions, messages and requests at random. Only `y` sends messages, and it subscribes to nothing: a client's
 * own message follows the reply here, as in Redis from 7.2 on; earlier versions send it before the reply.
 */
function randomSteps(seed: number, count: number): Step[] {
  const random = new SeededRandom(seed);
  const name = () => random.pick(["a", "b", "ab", "abc", "\x00", "c"]);
  const pattern = () => random.pick(["*", "a*", "?b", "[ab]", "a", "*c", "[^a]*"]);
  const forms = [
    () => `SUBSCRIBE ${name()} ${name()}`,
    () => `PSUBSCRIBE ${pattern()}`,
    () => `SSUBSCRIBE ${name()}`,
    () => `UNSUBSCRIBE ${name()}`,
    () => `PUNSUBSCRIBE ${pattern()}`,
    () => `SUNSUBSCRIBE ${name()}`,
    () => `PUBLISH ${name()} m`,
    () => `PUBLISH ${name()} m`,
    () => `SPUBLISH ${name()} m`,
    () => `PUBSUB NUMSUB ${name()} ${name()}`,
    () => "PUBSUB NUMPAT",
  ];
  return Array.from({ length: count }, () => {
    const request = random.pick(forms)();
    return [/^S?PUB/.test(request) ? "y" : random.pick(["a", "b", "x"]), request];
  });
}

describe.skipIf(!redis.available)(redis.title("the same messages as Redis:"), () => {
  let origin: RunningServer;
  beforeAll(async () => {
    origin = await startRedis();
  });
  afterAll(() => origin?.[Symbol.asyncDispose]());

  test.each(Object.entries(SCENARIOS))("%s", async (_name, steps) => {
    await using local = new LocalServer();
    expect(await play(local.port, steps)).toEqual(await play(origin.port, steps));
  });

  test.each([
    ["RESP2", SILENCED.filter((request) => !/^(PUBLISH|MULTI|EXEC)/.test(request))],
    ["RESP3", ["HELLO 3", ...SILENCED]],
  ])(
    "CLIENT REPLY OFF and SKIP leave messages alone, those about subscriptions too: %s",
    async (_name, requests) => {
      await using local = new LocalServer();
      const [ours, theirs] = [await silenced(local.port, requests), await silenced(origin.port, requests)];
      const messages = (frames: string[]) => frames.filter((frame) => !frame.includes("modules"));
      expect(messages(ours)).toEqual(messages(theirs));
      expect(ours.filter((frame) => frame.includes("subscribe\r\n"))).not.toBeEmpty();
    },
  );

  test(`random ones (seed ${SEED})`, async () => {
    await using local = new LocalServer();
    const steps = randomSteps(SEED, 150);
    const [ours, theirs] = [await play(local.port, steps), await play(origin.port, steps)];
    // Redis promises no order among the patterns of one client.
    for (const name of ["a", "b", "x", "y"]) expect(ours[name]!.toSorted()).toEqual(theirs[name]!.toSorted());
  });
});

test("CLIENT LIST and INFO show patterns, and a client that has gone is forgotten", async () => {
  await using local = new LocalServer();
  const [asking, listening] = [await local.client(), await local.client()];
  await listening.must("PSUBSCRIBE", "a*");
  expect(String(await asking.must("CLIENT", "LIST"))).toContain("flags=P");
  expect(String(await asking.must("INFO", "stats"))).toContain("pubsub_patterns:1");
  listening.close();
  while ((await asking.must("PUBSUB", "NUMPAT")) !== 0) await asking.must("PING");
  expect(await asking.ask("PUBLISH", "abc", "x")).toBe(0);
});
