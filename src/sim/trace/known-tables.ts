import { type Columns, columnNamed, parseColumns } from "./columns.ts";
import { type FindColumns, Table } from "./table.ts";
import { layOut } from "./table-layout.ts";
import type { TableShape } from "./table-row.ts";
import { shapeOf } from "./table-shape.ts";
import type { TraceFormat, TraceHead } from "./trace-format.ts";

/** Windows counts time in units of 100 ns. */
const FILE_TIME_UNIT_MS = 1e-4;

/** A published format that is a table. */
interface KnownTable {
  readonly name: string;
  readonly description: string;
  readonly find: FindColumns;
}

/** Formats whose columns are known from the look of their rows or from their header. */
export const KNOWN_TABLES: readonly TraceFormat[] = (
  [
    {
      name: "w3c",
      description: "logs in the W3C's extended format, as CloudFront and IIS write them",
      find: ({ directive }) => (directive === undefined ? undefined : columnsOfDirective(directive)),
    },
    {
      name: "spc",
      description: "the Storage Performance Council's traces: ASU, LBA, size, opcode, timestamp",
      find: rowsLike(
        /^[0-9]+,[0-9]+,[0-9]+,[rw],[0-9.]+(?:,.*)?$/i,
        parseColumns("key=1+2,size=3,op=4,time=5"),
      ),
    },
    {
      name: "msr",
      description:
        "Microsoft Research Cambridge's disk traces: time, host, disk, type, offset, size, latency",
      find: firstOf(
        rowsLike(
          /^[0-9]{15,20},[^,]+,[0-9]+,(?:read|write),[0-9]+,[0-9]+,[0-9]+$/i,
          withFileTime(parseColumns("key=2+3+5,op=4,size=6"), 1),
        ),
        (shape) => {
          const found = headerLike(
            ["Timestamp", "Hostname", "DiskNumber", "Type", "Offset", "Size"],
            "key=Hostname+DiskNumber+Offset,op=Type,size=Size",
          )(shape);
          return found && { ...found, columns: withFileTime(found.columns, "Timestamp") };
        },
      ),
    },
    {
      name: "meta-kv",
      description: "Meta's key-value cache traces, as CacheBench replays them: each row op_count requests",
      find: headerLike(["key", "op", "size", "op_count"], "key=key,op=op,size=size,count=op_count", [
        "time=op_time",
        "ttl=ttl",
      ]),
    },
    {
      name: "meta-cdn",
      description:
        "Meta's CDN traces, as CacheBench replays them: whole objects, whatever range was requested",
      find: headerLike(
        ["timestamp", "cacheKey", "objectSize"],
        "time=timestamp,key=cacheKey,size=objectSize",
        ["ttl=TTL"],
      ),
    },
    {
      name: "wiki",
      description: "Wikimedia's CDN traces of 2016 and 2019",
      find: firstOf(
        headerLike(
          ["relative_unix", "hashed_path_query", "response_size"],
          "time=relative_unix,key=hashed_path_query,size=response_size",
        ),
        headerLike(
          ["relative_unix", "hashed_host_path_query", "response_size"],
          "time=relative_unix,key=hashed_host_path_query,size=response_size",
        ),
        headerLike(
          ["hashed_host_and_path", "uri_query", "response_size"],
          "key=hashed_host_and_path+uri_query,size=response_size",
        ),
        rowsLike(
          /^[0-9]+\t-?[0-9]{6,}\t[a-z.+-]*\t[0-9]+\t[0-9.e+-]+$/i,
          parseColumns("time=1,key=2,size=4"),
          true,
        ),
        rowsLike(/^[0-9]+\t-?[0-9]{6,}\t[0-9]+\t[0-9.e+-]+$/i, parseColumns("time=1,key=2,size=3"), true),
      ),
    },
  ] satisfies KnownTable[]
).map(tableFormat);

function tableFormat({ name, description, find }: KnownTable): TraceFormat {
  const layoutOf = (head: TraceHead, columns: Columns | undefined) => {
    const shape = shapeOf(head);
    return layOut(shape, columns, find(shape));
  };
  return {
    name,
    description,
    isTable: true,
    hasSizes: (head, columns) => {
      const layout = layoutOf(head, columns);
      return typeof layout !== "string" && layout.size >= 0;
    },
    describe: (head, columns) => {
      const layout = layoutOf(head, columns);
      return typeof layout === "string" ? undefined : layout.description;
    },
    matches: (head) => head.isText && !head.hasColumns && find(shapeOf(head)) !== undefined,
    open: (context) => new Table(context, find),
  };
}

/** A format without a header, recognised by its first rows, all of which must match. */
function rowsLike(row: RegExp, columns: Columns, hasUnknownSizes = false): FindColumns {
  return ({ rows, separator }) => {
    const character = String.fromCharCode(separator);
    if (rows.length === 0 || !rows.every((fields) => row.test(fields.join(character)))) return undefined;
    return { columns, hasHeader: false, hasUnknownSizes };
  };
}

/**
 * A format whose header has these names.
 * @param optional columns that exist in some of its versions
 */
function headerLike(names: readonly string[], told: string, optional: readonly string[] = []): FindColumns {
  return (shape) => {
    const header = shape.comment ?? shape.rows[0]?.map((name) => name.trim()) ?? [];
    if (!names.every((name) => columnNamed(header, name) >= 0)) return undefined;
    const there = optional.filter((column) => columnNamed(header, column.replace(/^.*=/, "")) >= 0);
    return {
      columns: parseColumns([told, ...there].join(",")),
      hasHeader: shape.comment === undefined,
      hasUnknownSizes: true,
    };
  };
}

function withFileTime(columns: Columns, place: number | string): Columns {
  return new Map([...columns, ["time", { at: [place], unitMs: FILE_TIME_UNIT_MS }]]);
}

function firstOf(...finders: readonly FindColumns[]): FindColumns {
  return (shape: TableShape) => {
    for (const find of finders) {
      const found = find(shape);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** The URL is in three fields, host, path and query. Some may be missing, but not the path. */
function columnsOfDirective(names: readonly string[]): ReturnType<FindColumns> {
  const at = (...known: readonly string[]): number[] => {
    const index = known.map((name) => columnNamed(names, name)).find((found) => found >= 0);
    return index === undefined ? [] : [index + 1];
  };
  const path = at("cs-uri-stem", "cs-uri");
  if (path.length === 0) return undefined;
  const columns: [string, readonly number[], number][] = [
    ["key", [...at("x-host-header", "cs(Host)", "cs-host"), ...path, ...at("cs-uri-query")], 1],
    ["time", [...at("date"), ...at("time")], 1000],
    ["op", at("cs-method"), 1],
    ["size", at("sc-bytes"), 1],
  ];
  // A time of day without a date is of no use.
  const isThere = ([role, places]: (typeof columns)[number]): boolean =>
    role === "time" ? places.length === 2 : places.length > 0;
  return {
    columns: new Map(
      columns.filter(isThere).map(([role, places, unitMs]) => [role, { at: places, unitMs }]),
    ) as Columns,
    hasHeader: false,
    hasUnknownSizes: true,
  };
}
