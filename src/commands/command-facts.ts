import { type Arguments, type CommandFacts, type FactsRow, readFacts } from "./facts.ts";
import { BITMAPS_FACTS } from "./tables/bitmaps.ts";
import { CLUSTER_FACTS } from "./tables/cluster.ts";
import { CONNECTIONS_FACTS } from "./tables/connections.ts";
import { GEO_FACTS } from "./tables/geo.ts";
import { GLASSCACHE_FACTS } from "./tables/glasscache.ts";
import { HASHES_FACTS } from "./tables/hashes.ts";
import { HYPERLOGLOGS_FACTS } from "./tables/hyperloglogs.ts";
import { KEYS_FACTS } from "./tables/keys.ts";
import { LISTS_FACTS } from "./tables/lists.ts";
import { PUBSUB_FACTS } from "./tables/pubsub.ts";
import { SCRIPTS_FACTS } from "./tables/scripts.ts";
import { SERVER_FACTS } from "./tables/server.ts";
import { SETS_FACTS } from "./tables/sets.ts";
import { SORTED_SETS_FACTS } from "./tables/sorted-sets.ts";
import { STREAMS_FACTS } from "./tables/streams.ts";
import { STRINGS_FACTS } from "./tables/strings.ts";
import { TRANSACTIONS_FACTS } from "./tables/transactions.ts";
import { VECTORS_FACTS } from "./tables/vectors.ts";

/** The tables by Redis's names of groups. */
const TABLES: Readonly<Record<string, readonly FactsRow[]>> = {
  bitmap: BITMAPS_FACTS,
  cluster: CLUSTER_FACTS,
  connection: CONNECTIONS_FACTS,
  geo: GEO_FACTS,
  glasscache: GLASSCACHE_FACTS,
  hash: HASHES_FACTS,
  hyperloglog: HYPERLOGLOGS_FACTS,
  generic: KEYS_FACTS,
  list: LISTS_FACTS,
  pubsub: PUBSUB_FACTS,
  scripting: SCRIPTS_FACTS,
  server: SERVER_FACTS,
  set: SETS_FACTS,
  "sorted-set": SORTED_SETS_FACTS,
  stream: STREAMS_FACTS,
  string: STRINGS_FACTS,
  transactions: TRANSACTIONS_FACTS,
  module: VECTORS_FACTS,
};

/**
 * Every command and subcommand of Redis 7 to 8 and Valkey 7.2 to 9, by name. What it says of those that a redis-server
 * has is compared with what that server says.
 */
export const COMMAND_FACTS: ReadonlyMap<string, CommandFacts> = new Map(
  Object.entries(TABLES).flatMap(([group, rows]) =>
    rows.map((row): [string, CommandFacts] => [row[0], readFacts(group, row)]),
  ),
);

/**
 * The facts of a command that is in the tables.
 * @param name in lower case; a subcommand as `client|kill`
 * @throws RangeError where there is none
 */
export function factsOf(name: string): CommandFacts {
  const facts = COMMAND_FACTS.get(name);
  if (facts === undefined) throw new RangeError(`no facts of ${name}`);
  return facts;
}

/** Commands whose first argument chooses what they do, and what it may be. */
export const SUBCOMMAND_FACTS: ReadonlyMap<string, ReadonlyMap<string, CommandFacts>> = subcommands();

/** The facts of the command, or subcommand, that a request asks for; undefined where none is known. */
export function factsOfRequest(request: Arguments): CommandFacts | undefined {
  const name = request.text(0).toLowerCase();
  const chosen = request.count < 2 ? undefined : SUBCOMMAND_FACTS.get(name);
  return chosen?.get(request.text(1).toLowerCase()) ?? COMMAND_FACTS.get(name);
}

function subcommands(): Map<string, Map<string, CommandFacts>> {
  const all = new Map<string, Map<string, CommandFacts>>();
  for (const [name, facts] of COMMAND_FACTS) {
    const [container, subcommand] = name.split("|");
    if (subcommand === undefined) continue;
    const own = all.get(container!) ?? new Map<string, CommandFacts>();
    all.set(container!, own.set(subcommand, facts));
  }
  return all;
}
