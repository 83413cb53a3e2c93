import type { AccessPeers } from "../../commands/acl/access.ts";
import type { LogEntry } from "../../commands/acl/access-log.ts";
import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import type { Peers } from "./peers.ts";

/** What the other threads of a proxy do for ACL. */
export function accessPeers(peers: Peers): AccessPeers {
  return {
    async adopt() {
      await peers.ask({ kind: "users" });
    },
    async newest(count) {
      const answers = await peers.ask({ kind: "refusals", count });
      return answers.flatMap((answer) => JSON.parse(fromUtf8(answer)) as LogEntry[]);
    },
    async forget() {
      await peers.ask({ kind: "forget-refusals" });
    },
  };
}

export function encodeEntries(entries: readonly LogEntry[]): Uint8Array {
  return utf8(JSON.stringify(entries));
}
