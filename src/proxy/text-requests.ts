import { NameTable } from "../commands/command-table.ts";
import { TEXT_COMMAND } from "../commands/counted-commands.ts";
import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import type { CachedReads } from "./cached-reads.ts";
import type { ProxyParts } from "./context.ts";
import { dumpOrigin } from "./dump.ts";
import type { Forwarding } from "./forwarding.ts";
import type { Lanes } from "./lanes.ts";
import { PendingRequest } from "./pending-request.ts";
import { GET_QUESTION } from "./question.ts";
import { ERROR, FORWARDED } from "./request-results.ts";
import { backendTicket, FROM_PROXY } from "./text-sources.ts";

/** The verbs of the text protocol. Its parser lets no others through. */
const VERBS = new NameTable(["get", "put", "delete", "dump"].map((name) => ({ name })));

/** One client's requests in the text protocol. Each reply says whether the proxy or the origin answered. */
export class TextRequests {
  readonly #proxy: ProxyParts;
  readonly #connection: Connection;
  readonly #lanes: Lanes;
  readonly #reads: CachedReads;
  readonly #forwarding: Forwarding;

  constructor(
    proxy: ProxyParts,
    connection: Connection,
    lanes: Lanes,
    reads: CachedReads,
    forwarding: Forwarding,
  ) {
    this.#proxy = proxy;
    this.#connection = connection;
    this.#lanes = lanes;
    this.#reads = reads;
    this.#forwarding = forwarding;
  }

  request(request: Request, reply: TextWriter): void {
    const connection = this.#connection;
    const verb = VERBS.find(request)!.name;
    connection.lastCommand = verb;
    const { requests } = this.#proxy.stats;
    requests.command = TEXT_COMMAND;
    const rejection = this.#proxy.host.access.admitText(connection, verb, request);
    if (rejection !== undefined) {
      requests.count(ERROR);
      reply.error(rejection);
    } else if (!this.#lanes.enter(verb === "dump" ? "side" : "main", request)) return;
    else if (verb === "get") this.#get(request, reply);
    else if (verb === "dump") this.#dump(request);
    else this.#forwarding.writeText(request, verb === "put");
  }

  #get(request: Request, reply: TextWriter): void {
    const key = this.#proxy.keyOf(request, 1);
    reply.prefix = FROM_PROXY;
    const { executingSinceMs } = this.#connection;
    const mayHit = this.#lanes.mayHit(key);
    if (mayHit && this.#proxy.readThrough.lookup(key, GET_QUESTION, reply, executingSinceMs)) {
      this.#proxy.stats.requests.hit();
      return;
    }
    this.#reads.load(request, key, GET_QUESTION, backendTicket(this.#connection), mayHit);
  }

  #dump(request: Request): void {
    const { origin, stats } = this.#proxy;
    const pending = new PendingRequest(stats, this.#connection, request, "dump");
    this.#lanes.beginSide();
    const dumped = dumpOrigin(origin, this.#connection, this.#connection.defer(), stats);
    void dumped.then((isComplete) => {
      pending.ended(isComplete ? FORWARDED : ERROR);
      this.#lanes.sideDone();
    });
  }
}
