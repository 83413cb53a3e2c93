/** The roles of a table's columns. */
export type ColumnRole = "time" | "key" | "size" | "op" | "ttl" | "count";

/** The columns of a role, by number from 1 or by name in the header, and the milliseconds in their unit. */
export interface Column {
  /** Several columns may form one key, or a date and a time of day. */
  readonly at: readonly (number | string)[];
  readonly unitMs: number;
}

export type Columns = ReadonlyMap<ColumnRole, Column>;

type Role = readonly [role: ColumnRole, unitMs: number];

export const SECOND_MS = 1000;
const COLUMN_LIMIT = 10_000;
/** Roles that may consist of several columns. */
const COMPOSED_ROLES: readonly ColumnRole[] = ["key", "time"];

/** Words allowed before `=`. Times are in seconds unless the word gives another unit. */
const ROLES: ReadonlyMap<string, Role> = new Map([
  ["time", ["time", SECOND_MS]],
  ["time-ms", ["time", 1]],
  ["time-us", ["time", 0.001]],
  ["key", ["key", 1]],
  ["size", ["size", 1]],
  ["op", ["op", 1]],
  ["ttl", ["ttl", SECOND_MS]],
  ["ttl-ms", ["ttl", 1]],
  ["count", ["count", 1]],
]);

/**
 * Names in headers, reduced to letters and digits. If a header has several names of one role, the first in this list
 * wins: `id` is often the number that a log gives each request.
 */
const HEADER_NAMES: ReadonlyMap<string, Role> = new Map([
  ...named(["key", 1], "key cachekey keyid object objectid objid itemid item url uri path requesturi"),
  ...named(["key", 1], "requestpath requesturl httpurl httppath csuristem csuri page resource lbn id"),
  ...named(["time", SECOND_MS], "time timestamp ts clocktime realtime seconds optime relativeunix datetime"),
  ...named(["time", SECOND_MS], "timelocal timeiso8601"),
  ...named(["time", 1], "timems timestampms tsms ms milliseconds"),
  ...named(["time", 0.001], "timeus timestampus us microseconds"),
  ...named(["size", 1], "size bytes objsize objectsize valuesize length sizebytes bytessent bodybytessent"),
  ...named(["size", 1], "responsesize responsebytes responselength contentlength scbytes"),
  ...named(["op", 1], "op operation command cmd method verb requestmethod httpmethod csmethod"),
  ...named(["ttl", SECOND_MS], "ttl ttlseconds timetolive expiry"),
  ...named(["ttl", 1], "ttlms"),
  ...named(["count", 1], "opcount"),
]);
const RANKS: ReadonlyMap<string, number> = new Map(
  [...HEADER_NAMES.keys()].map((name, rank) => [name, rank]),
);

/** Names of the status column in tables made from access logs. */
const STATUS_NAMES: readonly string[] = [
  "status",
  "statuscode",
  "responsecode",
  "httpstatus",
  "httpstatuscode",
  "scstatus",
];

/**
 * Reads `time=1,key=2+3,size=4,op=5,ttl=6`: numbers of columns from 1, or their names in the header. `time-ms`,
 * `time-us` and `ttl-ms` give units other than seconds; `count` is how often the request was made.
 * @throws RangeError naming what is wrong
 */
export function parseColumns(text: string): Columns {
  const columns = new Map<ColumnRole, Column>();
  for (const part of text.split(",")) {
    const [, name = "", at = ""] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    const known = ROLES.get(name.toLowerCase());
    if (known === undefined || at === "") {
      const roles = [...ROLES.keys()].join(", ");
      const isPlace = columns.size > 0 && !part.includes("=");
      throw new RangeError(
        `"${part.trim()}" is not of the form key=2; ` +
          (isPlace
            ? "a key of several columns is written as key=1+2"
            : `before the = there must be one of ${roles}`),
      );
    }
    const [role, unitMs] = known;
    if (columns.has(role)) throw new RangeError(`the column of ${role} is given twice in "${text}"`);
    columns.set(role, { at: parsePlaces(at, role), unitMs });
  }
  if (!columns.has("key"))
    throw new RangeError(`"${text}" does not say which column is the key, as in key=2`);
  return columns;
}

function parsePlaces(text: string, role: ColumnRole): (number | string)[] {
  const places = text.split("+").map((place) => place.trim());
  if (places.length > 1 && !COMPOSED_ROLES.includes(role)) {
    throw new RangeError(`"${role}=${text}": only ${COMPOSED_ROLES.join(" and ")} can be of several columns`);
  }
  return places.map((place) => {
    if (place === "") throw new RangeError(`"${role}=${text}" is not of the form ${role}=2+3`);
    if (!/^[0-9]+$/.test(place)) return place;
    if (Number(place) < 1 || Number(place) > COLUMN_LIMIT) {
      throw new RangeError(
        `there is no column ${place}: the first one is 1, the last one possible is ${COLUMN_LIMIT}`,
      );
    }
    return Number(place);
  });
}

/** Finds columns by their names in a header; undefined if none is a name for keys. */
export function columnsOfHeader(names: readonly string[]): Columns | undefined {
  const columns = new Map<ColumnRole, Column>();
  const ranked = names
    .map((name, index) => ({ name: plain(name), at: index + 1 }))
    .filter(({ name }) => HEADER_NAMES.has(name))
    .sort((one, other) => RANKS.get(one.name)! - RANKS.get(other.name)!);
  for (const { name, at } of ranked) {
    const [role, unitMs] = HEADER_NAMES.get(name)!;
    if (!columns.has(role)) columns.set(role, { at: [at], unitMs });
  }
  return columns.has("key") ? columns : undefined;
}

/** Whether a header is of an access log: there, a response that was not sent whole does not tell the size. */
export function hasStatus(names: readonly string[]): boolean {
  return names.some((name) => STATUS_NAMES.includes(plain(name)));
}

/** Returns the index, from 0, of the column with this name in any case; -1 if there is none. */
export function columnNamed(names: readonly string[], name: string): number {
  const exact = names.indexOf(name);
  return exact >= 0 ? exact : names.findIndex((known) => known.toLowerCase() === name.toLowerCase());
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function named(role: Role, names: string): [string, Role][] {
  return names.split(" ").map((name) => [name, role]);
}
