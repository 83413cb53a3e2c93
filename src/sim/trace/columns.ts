/** What a column of a table can be. */
export type ColumnRole = "time" | "key" | "size" | "op" | "ttl";

/** A column by its number, from 1, or by its name in the header; and how many milliseconds its unit is. */
export interface Column {
  readonly at: number | string;
  readonly unitMs: number;
}

export type Columns = ReadonlyMap<ColumnRole, Column>;

const SECOND_MS = 1000;

/** What may stand before `=`. Times are in seconds unless their name tells. */
const ROLES: ReadonlyMap<string, readonly [ColumnRole, unitMs: number]> = new Map([
  ["time", ["time", SECOND_MS]],
  ["time-ms", ["time", 1]],
  ["time-us", ["time", 0.001]],
  ["key", ["key", 1]],
  ["size", ["size", 1]],
  ["op", ["op", 1]],
  ["ttl", ["ttl", SECOND_MS]],
  ["ttl-ms", ["ttl", 1]],
]);

/** What headers call them, letters and digits alone. */
const HEADER_NAMES: ReadonlyMap<string, readonly [ColumnRole, unitMs: number]> = new Map([
  ...named(["key", 1], "key id object objectid objid keyid item itemid"),
  ...named(["time", SECOND_MS], "time timestamp ts clocktime realtime seconds"),
  ...named(["time", 1], "timems timestampms tsms ms milliseconds"),
  ...named(["time", 0.001], "timeus timestampus us microseconds"),
  ...named(["size", 1], "size bytes objsize objectsize valuesize length sizebytes"),
  ...named(["op", 1], "op operation command cmd method"),
  ...named(["ttl", SECOND_MS], "ttl ttlseconds timetolive expiry"),
  ...named(["ttl", 1], "ttlms"),
]);

/**
 * Reads `time=1,key=2,size=3,op=4,ttl=5`: numbers of columns from 1, or their names in the header. `time-ms`, `time-us`
 * and `ttl-ms` tell of units other than seconds.
 * @throws RangeError naming what is wrong
 */
export function parseColumns(text: string): Columns {
  const columns = new Map<ColumnRole, Column>();
  for (const part of text.split(",")) {
    const [, role = "", at = ""] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    const known = ROLES.get(role.toLowerCase());
    if (known === undefined || at === "") {
      const roles = [...ROLES.keys()].join(", ");
      throw new RangeError(
        `"${part.trim()}" is not of the form key=2, where before the = stands one of ${roles}`,
      );
    }
    if (columns.has(known[0])) throw new RangeError(`the column of ${known[0]} is told twice in "${text}"`);
    if (/^[0-9]+$/.test(at) && (Number(at) < 1 || Number(at) > 10_000)) {
      throw new RangeError(`there is no column ${at}: the first one is 1, the last one possible is 10000`);
    }
    columns.set(known[0], { at: /^[0-9]+$/.test(at) ? Number(at) : at, unitMs: known[1] });
  }
  if (!columns.has("key"))
    throw new RangeError(`"${text}" does not tell which column is the key, as in key=2`);
  return columns;
}

/** Columns by what a header calls them; undefined when none of its names is that of a key. */
export function columnsOfHeader(names: readonly string[]): Columns | undefined {
  const columns = new Map<ColumnRole, Column>();
  for (const [index, name] of names.entries()) {
    const known = HEADER_NAMES.get(plain(name));
    if (known !== undefined && !columns.has(known[0])) {
      columns.set(known[0], { at: index + 1, unitMs: known[1] });
    }
  }
  return columns.has("key") ? columns : undefined;
}

/** The index, from 0, of the column that a header gives this name, in any case; -1 when there is none. */
export function columnNamed(names: readonly string[], name: string): number {
  const exact = names.indexOf(name);
  return exact >= 0 ? exact : names.findIndex((known) => known.toLowerCase() === name.toLowerCase());
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function named(
  role: readonly [ColumnRole, number],
  names: string,
): [string, readonly [ColumnRole, number]][] {
  return names.split(" ").map((name) => [name, role]);
}
