import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { awaited } from "../../test/support/until.ts";
import type { OriginAddress } from "./address.ts";
import type { FakeServer } from "./origin-bench-fixture.ts";
import { describeOrigin } from "./origin-conformance.ts";
import { SingleNode } from "./single-node.ts";
import { SplitOrigin } from "./split-origin-fixture.ts";

const support = { startServer: (options: object) => new FakeOrigin(options), awaited };
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
