/** A name that stands for several addresses, and for others later. */
import { afterEach, describe, expect, test } from "bun:test";
import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { closeBenches, NodeBench } from "../../test/support/node-bench.ts";
import { HostAddresses, type Lookup } from "./host-addresses.ts";

const benches: NodeBench[] = [];
afterEach(() => {
  closeBenches();
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

/** Answers at once with what the name stands for at that moment. */
function lookupOf(names: { present: readonly string[] }, asked: string[] = []): Lookup {
  return (name, then) => {
    asked.push(name);
    then(
      names.present.length === 0 ? Object.assign(new Error(), { code: "ENOTFOUND" }) : undefined,
      names.present,
    );
  };
}

describe("addresses", () => {
  test("are asked for until one is reached, and again when it is lost", () => {
    const names = { present: ["10.0.0.1", "10.0.0.2", "10.0.0.1"] };
    const asked: string[] = [];
    const hosts = new HostAddresses("cache.example", lookupOf(names, asked));
    const found = (): unknown => {
      let result: unknown;
      hosts.resolve((addresses) => {
        result = addresses;
      });
      return result;
    };
    expect(found()).toEqual(["10.0.0.1", "10.0.0.2"]);
    hosts.lost("10.0.0.1");
    expect(found()).toEqual(["10.0.0.2", "10.0.0.1"]);
    hosts.reached("10.0.0.2");
    names.present = ["10.0.0.3"];
    expect(found()).toEqual(["10.0.0.2"]);
    expect(asked).toHaveLength(2);
    hosts.lost();
    expect(found()).toEqual(["10.0.0.3"]);
    names.present = [];
    expect(found()).toEqual(new Error("its name has no address (ENOTFOUND)"));
  });

  test("an address stands for itself, and no name is asked for", () => {
    const hosts = new HostAddresses("::1", () => {
      throw new Error("asked");
    });
    hosts.lost("::1");
    hosts.resolve((found) => expect(found).toEqual(["::1"]));
  });
});

/** Another place with the same port: what comes there goes to an origin. */
async function placeAt(host: string, port: number, to: FakeOrigin): Promise<Server> {
  const server = createServer((socket: Socket) => {
    const other = connectTo(to.port, "127.0.0.1");
    socket.pipe(other).pipe(socket);
    socket.on("error", () => other.destroy());
    other.on("error", () => socket.destroy());
    server.once("close", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return server;
}

describe("a node", () => {
  function open(fake: FakeOrigin, names: { present: readonly string[] }): NodeBench {
    const bench = new NodeBench(fake, {
      address: { host: "cache.example", port: fake.port },
      hosts: new HostAddresses("cache.example", lookupOf(names)),
    });
    benches.push(bench);
    return bench;
  }

  test("takes the first address that accepts it", async () => {
    const bench = open(new FakeOrigin(), { present: ["127.0.0.3", "127.0.0.2", "127.0.0.1"] });
    await bench.told("ready true");
    expect(bench.events).toEqual(["ready true"]);
  });

  test("says so if the name has none, and goes on when it has", async () => {
    const names: { present: readonly string[] } = { present: [] };
    const bench = open(new FakeOrigin(), names);
    await bench.told("lost ORIGINDOWN");
    expect(bench.errors[0]!.message).toBe(
      `origin cache.example:${bench.fake.port} cannot be reached: its name has no address (ENOTFOUND)`,
    );
    names.present = ["127.0.0.1"];
    await bench.told("ready true");
  });

  test("follows the name to another server once the first is lost", async () => {
    const names = { present: ["127.0.0.1"] };
    const first = new FakeOrigin();
    using second = new FakeOrigin();
    const place = await placeAt("127.0.0.2", first.port, second);
    const bench = open(first, names);
    await bench.told("ready true");
    names.present = ["127.0.0.2"];
    const before = second.commands.length;
    first[Symbol.dispose]();
    await bench.told("ready true", 2);
    expect(second.commands.length).toBeGreaterThan(before);
    place.close();
  });
});
