import type { ThreadAnswer } from "./thread-questions.ts";
import type { ClientsReport, ToldClients } from "./view.ts";

/** Clients of a thread with the same name, or without one at the same address. */
export interface ClientGroup {
  readonly name: string;
  /** Of clients without a name. */
  readonly address: string;
  readonly connections: number;
  /** Requests of these connections so far. */
  readonly requests: number;
  readonly requestsPerSecond: number;
}

/** What a thread tells of its clients. */
export interface ThreadClients {
  readonly groups: readonly ClientGroup[];
  /** Those beyond the limit, together. */
  readonly others: Omit<ClientGroup, "name" | "address"> & { readonly groups: number };
}

type Sum = { -readonly [Field in keyof ClientGroup]: ClientGroup[Field] };

/** Adds up what the threads tell. @param count how many groups to tell one by one */
export function clientsReport(
  answers: readonly ThreadAnswer[],
  threads: number,
  count: number,
): ClientsReport {
  const told = answers as readonly ThreadClients[];
  const sums = new Map<string, Sum>();
  for (const group of told.flatMap(({ groups }) => groups)) {
    const key = JSON.stringify([group.name, group.address]);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...group });
    else add(sum, group);
  }
  const ordered = [...sums.values()].sort(
    (one, other) =>
      other.requestsPerSecond - one.requestsPerSecond ||
      other.connections - one.connections ||
      (one.name + one.address < other.name + other.address ? -1 : 1),
  );
  const others = { groups: 0, connections: 0, requests: 0, requestsPerSecond: 0 };
  for (const { others: theirs } of told) {
    add(others, theirs);
    others.groups += theirs.groups;
  }
  for (const group of ordered.slice(count)) {
    add(others, group);
    others.groups++;
  }
  return { threads, answered: told.length, clients: ordered.slice(0, count).map(toldClients), others };
}

function toldClients({ name, address, ...figures }: ClientGroup): ToldClients {
  return name === "" ? { address, ...figures } : { name, ...figures };
}

function add(
  sum: Pick<Sum, "connections" | "requests" | "requestsPerSecond">,
  { connections, requests, requestsPerSecond }: Omit<ClientGroup, "name" | "address">,
): void {
  sum.connections += connections;
  sum.requests += requests;
  sum.requestsPerSecond += requestsPerSecond;
}
