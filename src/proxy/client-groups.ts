import type { ClientGroup, ThreadClients } from "../instruments/clients-report.ts";
import type { Clock } from "../lib/clock.ts";
import type { Connection } from "../net/connection.ts";

/** How many groups a thread tells one by one. */
export const MOST_GROUPS = 1000;
const MOST_NAME_LENGTH = 100;
/** Rates over less are noise, so somebody who asks again sooner gets the same. */
const LEAST_INTERVAL_MS = 1000;

type Group = { -readonly [Field in keyof ClientGroup]: ClientGroup[Field] };

/** Tells of one thread's clients by name. It counts when somebody asks, so requests pay nothing for it. */
export class ClientGroups {
  readonly #clients: Iterable<Connection>;
  readonly #clock: Pick<Clock, "monotonicMs" | "wallMs">;
  #told: ThreadClients | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** The requests that each connection had made when somebody last asked. */
  #before = new Map<Connection, number>();

  constructor(clients: Iterable<Connection>, clock: Pick<Clock, "monotonicMs" | "wallMs">) {
    this.#clients = clients;
    this.#clock = clock;
  }

  tell(): ThreadClients {
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = nowMs - this.#toldMs;
    if (this.#told !== undefined && sinceMs < LEAST_INTERVAL_MS) return this.#told;
    const isFirst = this.#told === undefined;
    const before = this.#before;
    const groups = new Map<string, Group>();
    this.#before = new Map();
    for (const client of this.#clients) {
      const requests = client.requestCount;
      this.#before.set(client, requests);
      const group = groupOf(client, groups);
      group.connections++;
      group.requests += requests;
      // At first there is nothing to compare with: the connections' own ages stand in.
      const perSecond = isFirst
        ? requests / Math.max(1, (this.#clock.wallMs() - client.connectedAtMs) / 1000)
        : (requests - (before.get(client) ?? 0)) / (sinceMs / 1000);
      group.requestsPerSecond += perSecond;
    }
    this.#toldMs = nowMs;
    this.#told = bounded([...groups.values()]);
    return this.#told;
  }
}

function groupOf({ name, remoteAddress }: Connection, groups: Map<string, Group>): Group {
  const shortName = name.slice(0, MOST_NAME_LENGTH);
  // Each connection has a port of its own.
  const address = name === "" ? remoteAddress.replace(/:[0-9]+$/, "") : "";
  const key = `${address} ${shortName}`;
  let group = groups.get(key);
  if (group === undefined) {
    group = { name: shortName, address, connections: 0, requests: 0, requestsPerSecond: 0 };
    groups.set(key, group);
  }
  return group;
}

function bounded(groups: readonly Group[]): ThreadClients {
  const ordered = groups.toSorted(
    (one, other) => other.requestsPerSecond - one.requestsPerSecond || other.connections - one.connections,
  );
  const others = { groups: 0, connections: 0, requests: 0, requestsPerSecond: 0 };
  for (const group of ordered.slice(MOST_GROUPS)) {
    others.groups++;
    others.connections += group.connections;
    others.requests += group.requests;
    others.requestsPerSecond += group.requestsPerSecond;
  }
  return { groups: ordered.slice(0, MOST_GROUPS), others };
}
