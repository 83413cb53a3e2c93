import { latin1 } from "../../lib/bytes.ts";
import type { ReplyReader } from "../../protocol/reply-reader.ts";
import { VERBATIM } from "../../protocol/reply-types.ts";
import type { Beat } from "../tracked-connection.ts";

const FORMAT = "txt:";

/**
 * The heartbeat of a cluster's node. A primary that is cut off from the majority goes on answering PING while another
 * one takes its slots over. Its CLUSTER INFO says so: its state is no longer `ok`.
 */
export class ClusterBeat implements Beat {
  readonly command: readonly string[] = ["CLUSTER", "INFO"];
  readonly hasDatabases = false;
  readonly #suspect: () => void;
  #epochs = "";

  /** @param suspect called when slots may have changed hands */
  constructor(suspect: () => void) {
    this.#suspect = suspect;
  }

  vouches(bytes: Uint8Array, { type, valueStart, valueEnd }: ReplyReader): boolean {
    // In RESP3 it is a verbatim text, with its format in front of it.
    const text = latin1(bytes, valueStart + (type === VERBATIM ? FORMAT.length : 0), valueEnd);
    // Each change of hands gives the cluster, and a node that gets slots, another epoch.
    const epochs = `${field(text, "cluster_current_epoch")} ${field(text, "cluster_my_epoch")}`;
    const isOk = field(text, "cluster_state") === "ok";
    if (!isOk || (epochs !== this.#epochs && this.#epochs !== "")) this.#suspect();
    this.#epochs = epochs;
    return isOk;
  }
}

function field(text: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\r?$`, "m").exec(text)?.[1] ?? "";
}
