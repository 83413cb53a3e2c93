import { afterEach } from "bun:test";
import { FakeCluster } from "../../test/support/fake-cluster.ts";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { FakeSentinel } from "../../test/support/fake-sentinel.ts";
import { awaited } from "../../test/support/until.ts";
import { HASH_SLOTS } from "../lib/hash-slot.ts";
import type { OriginAddress } from "./address.ts";
import { Cluster } from "./cluster/cluster.ts";
import { SlotMap } from "./cluster/slot-map.ts";
import type { FakeServer } from "./origin-bench-fixture.ts";
import { describeOrigin } from "./origin-conformance.ts";
import { MonitoredPrimary } from "./sentinel/monitored-primary.ts";
import { SharedPrimary } from "./sentinel/shared-primary.ts";
import { SingleNode } from "./single-node.ts";
import { SplitOrigin } from "./split-origin-fixture.ts";

const support = {
  beat: "PING",
  forgetsInSilence: false,
  startServer: (options: object) => new FakeOrigin(options),
  awaited,
};
const addressOf = ({ port }: FakeServer): OriginAddress => ({ host: "127.0.0.1", port });

describeOrigin("a single node", {
  ...support,
  nodeCount: 1,
  keys: ["a"],
  open: ([server], options, events) => new SingleNode({ ...options, address: addressOf(server!) }, events),
});

// A set of nodes must keep what the interface promises for several.
describeOrigin("two nodes", {
  ...support,
  nodeCount: 2,
  keys: ["key 0", "key 1"],
  open: (servers, options, events) => new SplitOrigin(servers.map(addressOf), options, events),
});

describeOrigin("a cluster", {
  ...support,
  beat: "CLUSTER",
  forgetsInSilence: true,
  nodeCount: 2,
  keys: ["b", "a"],
  open: (servers, options, events) => {
    new FakeCluster(servers as FakeOrigin[], false);
    const memory = SlotMap.createMemory();
    // Another thread has asked the nodes already.
    const primaries = servers.map((server) => ({ ...addressOf(server), id: "", configEpoch: 0 }));
    const assignments = Array.from({ length: HASH_SLOTS }, (_, slot) => ({
      slot,
      primary: primaries[Math.floor(slot / (HASH_SLOTS / 2))],
    }));
    new SlotMap(memory).assign(assignments, [], () => true);
    const optionsOf = (address: OriginAddress) => ({ ...options, address });
    return new Cluster([addressOf(servers[0]!)], optionsOf, events, memory);
  },
});

const sentinels: FakeSentinel[] = [];
afterEach(() => {
  for (const sentinel of sentinels.splice(0)) sentinel[Symbol.dispose]();
});

describeOrigin("a primary with sentinels", {
  ...support,
  beat: "ROLE",
  nodeCount: 1,
  keys: ["a"],
  open: ([server], options, events) => {
    const sentinel = new FakeSentinel("main", addressOf(server!));
    sentinels.push(sentinel);
    FakeSentinel.giveRole(server as FakeOrigin);
    const memory = SharedPrimary.createMemory();
    // Another thread has asked the sentinel already.
    new SharedPrimary(memory).replace({ ...addressOf(server!), configEpoch: 1 }, 0);
    const optionsOf = (address: OriginAddress) => ({ ...options, address });
    const address = { primaryName: "main", sentinels: [addressOf(sentinel.origin)], login: {} };
    return new MonitoredPrimary(address, optionsOf, events, memory);
  },
});
