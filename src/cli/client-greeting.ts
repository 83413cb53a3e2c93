import { definitionList, wrapped } from "./wrapping.ts";

/** Texts of the interactive client: the greeting, and HELP. */

const VERBS: readonly (readonly [form: string, effect: string])[] = [
  ["PUT key=value", "store a value; PUT key value does the same"],
  ["GET key", "read it; keys and values with spaces need no quotes here"],
  ["DELETE key", "remove it"],
  ["DUMP", "all keys and values"],
  ["TTL key, …", 'any command of Redis; words with spaces in quotes: SET "a key" "a value"'],
  ["SUBSCRIBE channel", "messages as they arrive, until Ctrl-C; MONITOR shows all commands likewise"],
];
const OF_A_PROXY: readonly (readonly [form: string, effect: string])[] = [
  ["GLASS.EXPLAIN key", "whether it is cached, since when, and its place in the policy"],
];
const KEYS: readonly (readonly [key: string, effect: string])[] = [
  ["Tab", "completes commands, subcommands, options and keys"],
  ["Ctrl-R", "searches earlier lines; the arrow keys bring them back"],
  ["Ctrl-C", "cancels the running request"],
  ["QUIT, Ctrl-D", "end"],
];

export interface Greeted {
  readonly address: string;
  /** The kind of server, such as `a Glasscache proxy`. */
  readonly what: string;
}

/** The text that the console begins with. */
export function greeting({ address, what }: Greeted, columns: number): string {
  const hint = "PUT key=value, GET key, DELETE key, DUMP, any command of Redis. HELP shows more, QUIT ends.";
  return `${wrapped(`Connected to ${address}: ${what}.`, columns)}\n${wrapped(hint, columns)}\n`;
}

export function help(isProxy: boolean, columns: number): string {
  const verbs = definitionList([...VERBS, ...(isProxy ? OF_A_PROXY : [])], columns);
  return `${verbs}\n\n${definitionList(KEYS, columns)}\n`;
}

/**
 * Describes the kind of server.
 * @param info the reply to INFO server; a proxy passes on its origin's
 */
export function describeServer(
  {
    name,
    version,
    tellsSource,
  }: { readonly name: string; readonly version: string; readonly tellsSource: boolean },
  info: string,
): string {
  const field = (key: string) => new RegExp(`^${key}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const glasscache = field("glasscache_version");
  const valkey = field("valkey_version");
  let what = name === "" ? "a server" : `${name} ${version}`;
  if (glasscache !== undefined) what = `a Glasscache server ${glasscache}`;
  else if (valkey !== undefined) what = `valkey ${valkey}`;
  return tellsSource ? `a Glasscache proxy in front of ${what}` : what;
}
