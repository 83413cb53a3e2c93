/** One sequence of requests in every format with texts or sizes; the misses are equal to those of a list of keys. */
import { expect, test } from "bun:test";
import { parsePolicy } from "../../policy/registry.ts";
import { parseCacheSizes } from "../cache-size.ts";
import { run } from "../runner.ts";
import { openSource } from "../source.ts";
import { LCS_HEADER_BYTES } from "./lcs.ts";
import { lcsBytes } from "./published-samples-fixture.ts";
import { readAll } from "./trace-samples-fixture.ts";

const workload = await openSource("zipf(n=400,requests=4000,seed=9)");
const keys = (await readAll(workload)).map(({ key }) => Number(key));
const sizeOf = (key: number): number => 100 + (key % 50);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function missesOf(trace: string | Uint8Array, format: string, columns?: string): Promise<number[]> {
  const misses: number[] = [];
  for (const size of ["10", "80"]) {
    const source = await openSource("-", { columns, standardInput: once(Buffer.from(trace as string)) });
    expect(source.interpretation?.description).toStartWith(format);
    const { rows } = await run({
      source,
      policies: ["lru", "s3-fifo", "sieve"].map(parsePolicy),
      sizes: parseCacheSizes(size),
      ignoresSizes: false,
      writes: "store",
      counting: { warmupRecords: 0, windowRecords: 0, byFamily: false },
      seed: 1,
      threads: 1,
    });
    misses.push(...rows.map((row) => row.misses));
  }
  return misses;
}

const lines = (line: (key: number, i: number) => string, ...before: string[]): string =>
  `${[...before, ...keys.map(line)].join("\n")}\n`;
const second = (i: number): string =>
  `${String(Math.floor(i / 60) % 60).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}`;
const log = (key: number, i: number): string =>
  `10.0.0.1 - - [10/Oct/2000:13:${second(i)} +0000] "GET /p/${key} HTTP/1.1" 200 ${sizeOf(key)}`;

function lcs(): Uint8Array {
  const bytes = Buffer.alloc(LCS_HEADER_BYTES + 24 * keys.length);
  bytes.set(lcsBytes(1).subarray(0, LCS_HEADER_BYTES));
  for (const [i, key] of keys.entries()) {
    bytes.writeUInt32LE(i, LCS_HEADER_BYTES + 24 * i);
    bytes.writeBigUInt64LE(BigInt(key), LCS_HEADER_BYTES + 24 * i + 4);
    bytes.writeUInt32LE(sizeOf(key), LCS_HEADER_BYTES + 24 * i + 12);
  }
  return bytes;
}

/** Writes successive requests for the same object as one row with a count. */
function counted(): string {
  const rows: string[] = [];
  for (let at = 0; at < keys.length; ) {
    let end = at;
    while (keys[end] === keys[at]) end++;
    rows.push(`${keys[at]},GET,${sizeOf(keys[at]!)},${end - at},7`);
    at = end;
  }
  return `key,op,size,op_count,key_size\n${rows.join("\n")}\n`;
}

const cdn =
  "timestamp,cacheKey,OpType,objectSize,responseSize,responseHeaderSize,rangeStart,rangeEnd,TTL,SamplingRate,cache_hit";

const TRACES: readonly [format: string, trace: string | Uint8Array, columns?: string][] = [
  ["csv, separated by commas", lines((key, i) => `${i},${key},${sizeOf(key)}`, "time,key,size")],
  ["csv, separated by blanks", lines((key, i) => `${i} ${key} ${sizeOf(key)}`), "time=1,key=2,size=3"],
  ["csv, separated by bars", lines((key, i) => `${i}|${key}|${sizeOf(key)}`), "time=1,key=2,size=3"],
  ["csv, separated by tabs", lines((key) => `h\t/${key}`, "host\turl"), "key=host+url"],
  ["access-log", lines(log)],
  ["access-log", lines((key, i) => `${log(key, i)} "-" "Mozilla/5.0 (X11; Linux)"`)],
  ["access-log", lines((key, i) => `shop.example:443 ${log(key, i)} "-" "-"`)],
  [
    "w3c",
    lines(
      (key, i) => `2019-12-04\t21:${second(i)}\tX\t${sizeOf(key)}\tGET\td1.cloudfront.net\t/p/${key}\t200\t-`,
      "#Version: 1.0",
      "#Fields: date time x-edge-location sc-bytes cs-method cs(Host) cs-uri-stem sc-status cs-uri-query",
    ),
  ],
  ["lcs", lcs()],
  ["spc", lines((key, i) => `0,${key},${512 * sizeOf(key)},r,${i}.5`)],
  [
    "msr",
    lines((key, i) => `${128166372003061629n + BigInt(i)},usr,0,Read,${4096 * key},${sizeOf(key)},41286`),
  ],
  ["meta-kv", counted()],
  [
    "meta-kv",
    lines(
      (key, i) => `${i},${key},7,GET_LEASE,1,${sizeOf(key)},1,0,u,s`,
      "op_time,key,key_size,op,op_count,size,cache_hits,ttl,usecase,sub_usecase",
    ),
  ],
  ["meta-cdn", lines((key, i) => `${i},${key},1,${sizeOf(key)},500,200,-1,-1,86400,1,0`, cdn)],
  ["wiki", lines((key, i) => `${i}\t${1_000_000 + key}\tjpeg\t${sizeOf(key)}\t1.85E-4`)],
  [
    "wiki",
    lines(
      (key, i) => `${i}\t${key}\t${sizeOf(key)}\t1.85E-4`,
      "relative_unix\thashed_host_path_query\tresponse_size\ttime_firstbyte",
    ),
  ],
  [
    "monitor",
    lines((key, i) => `2024-01-01T00:00:00Z ${1339518083 + i}.5 [0 10.0.0.1:60866] "GET" "p:${key}"`),
  ],
];

test.each(TRACES.map((trace) => [trace[0], trace] as const))(
  "%s misses as much as a list of its keys",
  async (format, [, trace, columns]) => {
    expect(await missesOf(trace, format, columns)).toEqual(await missesOf(lines(String), "keys"));
  },
);
