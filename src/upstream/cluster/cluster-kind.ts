import { formatOrigin } from "../address.ts";
import { parseHostList } from "../host-list.ts";
import type { OriginKind } from "../origin.ts";
import { Cluster } from "./cluster.ts";
import { SlotMap } from "./slot-map.ts";

const DEFAULT_PORT = 6379;

export const clusterKind: OriginKind = {
  schemes: ["redis+cluster", "rediss+cluster", "valkey+cluster", "valkeys+cluster"],
  form: "redis+cluster://[user:password@]host[:port][,host[:port]...], with TLS rediss+cluster://",
  read(text) {
    const { hosts, path } = parseHostList(text, "cluster", DEFAULT_PORT);
    const [first] = hosts;
    if (first!.database !== undefined || (path !== "" && path !== "/")) {
      throw new RangeError("origin names a database, but a cluster has only one");
    }
    return {
      name: hosts.map(formatOrigin).join(","),
      hasPassword: first!.password !== undefined,
      isSecure: first!.isSecure === true,
      lacksPassword: first!.user !== undefined && first!.password === undefined,
      createMemory: () => SlotMap.createMemory(),
      open: (options, events, memory) =>
        new Cluster(hosts, options, events, memory ?? SlotMap.createMemory()),
    };
  },
};
