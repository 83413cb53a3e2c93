import { DELETE, WRITE } from "../../replay/records.ts";
import { LCS_HEADER_BYTES } from "./lcs.ts";
import { record, type TraceSample, text } from "./trace-samples-fixture.ts";

/** Keys made of several columns. */
const joined = (...parts: readonly string[]): string => parts.join("\x1f");

const LCS_BYTES = [0, 24, 28, 36, 40, 44, 52, 68, 100] as const;
/** Seconds, object, size, libCacheSim's number of the operation, time to live in seconds. */
const LCS_REQUESTS = [
  [0, 5n, 100, 1, 0],
  [7, 2n ** 63n + 5n, 200, 3, 60],
  [7, 5n, 100, 12, 0],
  [9, 6n, 1, 9, 0],
] as const;

/** A trace in libCacheSim's format: a header, and records of this version. */
export function lcsBytes(version: number): Uint8Array {
  const recordBytes = LCS_BYTES[version]!;
  const bytes = Buffer.alloc(LCS_HEADER_BYTES + LCS_REQUESTS.length * recordBytes);
  for (const at of [0, LCS_HEADER_BYTES - 8]) bytes.writeBigUInt64LE(0x1234_5678_9abc_def0n, at);
  bytes.writeBigUInt64LE(BigInt(version), 8);
  for (const [i, [seconds, key, size, operation, ttl]] of LCS_REQUESTS.entries()) {
    const at = LCS_HEADER_BYTES + i * recordBytes;
    bytes.writeUInt32LE(seconds, at);
    bytes.writeBigUInt64LE(key, at + 4);
    if (version < 3) bytes.writeUInt32LE(size, at + 12);
    else bytes.writeBigInt64LE(BigInt(size), at + 12);
    // The tenant is in the upper three bytes.
    if (version > 1) bytes.writeUInt32LE(operation | (77 << 8), at + (version < 3 ? 16 : 20));
    if (version > 2) bytes.writeInt32LE(ttl, at + 24);
    bytes.writeBigInt64LE(-1n, at + (version === 1 ? 16 : version === 2 ? 20 : 28));
  }
  return bytes;
}

function lcsSample(version: number): TraceSample {
  const operations: Readonly<Record<number, number>> = { 3: WRITE, 9: DELETE };
  return {
    format: "lcs",
    fileName: `t.v${version}`,
    bytes: lcsBytes(version),
    records: LCS_REQUESTS.map(([seconds, key, size, operation, ttl]) =>
      record(key, {
        size,
        timeMs: seconds * 1000,
        ...(version > 1 && { operation: operations[operation] ?? 0 }),
        ...(version > 2 && { ttlMs: ttl * 1000 }),
      }),
    ),
  };
}

const LOG_MS = Date.UTC(2000, 9, 10, 20, 55, 36);

/** Samples of formats in which traces are published, and of logs. */
export const PUBLISHED_SAMPLES: readonly TraceSample[] = [
  ...[1, 2, 3, 4, 8].map(lcsSample),
  {
    format: "access-log",
    fileName: "access.log",
    bytes: text(
      '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326',
      '::1 - - [10/Oct/2000:20:55:37 +0000] "HEAD /a?q=1%202 HTTP/1.1" 200 - "http://x/\\"y" "Mozilla/5.0 [en] (X11)"',
      '10.0.0.1 - - [10/Oct/2000:20:55:38 +0000] "GET /apache_pb.gif HTTP/1.1" 304 0 "-" "curl"',
      '10.0.0.1 - - [10/Oct/2000:20:55:39 +0000] "-" 408 0 "-" "-"',
      '10.0.0.1 - - [10/Oct/2000:20:55:39 +0000] "POST /form HTTP/1.1" 201 12 "-" "-"',
      '10.0.0.1 - - [10/Oct/2000:20:55:39 +0000] "OPTIONS * HTTP/1.1" 200 12 "-" "-"',
    ),
    records: [
      record("/apache_pb.gif", { size: 2326, timeMs: LOG_MS }),
      record("/a?q=1%202", { timeMs: LOG_MS + 1000 }),
      record("/apache_pb.gif", { size: 2326, timeMs: LOG_MS + 2000 }),
      record("/form", { size: 12, timeMs: LOG_MS + 3000, operation: WRITE }),
    ],
  },
  {
    format: "access-log",
    fileName: "other_vhosts_access.log",
    bytes: text(
      'a.example:80 127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.0" 200 10 "-" "-"',
      'b.example:80 127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.0" 206 4 "-" "-"',
      // A log collector's prefix is not a virtual host.
      '2000-10-10T20:55:36Z web-1 127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET http://c/x HTTP/1.0" 200 7 "-" "-"',
    ),
    records: [
      record("a.example:80/x", { size: 10, timeMs: LOG_MS }),
      record("b.example:80/x", { timeMs: LOG_MS }),
      record("http://c/x", { size: 7, timeMs: LOG_MS }),
    ],
  },
  {
    format: "w3c",
    fileName: "E2K.2019-12-04-21.d111111abcdef8",
    bytes: text(
      "#Version: 1.0",
      "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs-uri-query",
      "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111.cloudfront.net\t/index.html\t200\t-",
      "2019-12-04\t21:02:32\tLAX1\t0\t192.0.2.100\tGET\td111.cloudfront.net\t/index.html\t304\t-",
      "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs-uri-query",
      "2019-12-04\t21:02:33\tLAX1\t17\t192.0.2.100\tGET\td111.cloudfront.net\t/index.html\t200\ta=b",
    ),
    records: [
      record(joined("d111.cloudfront.net", "/index.html", "-"), {
        size: 392,
        timeMs: Date.UTC(2019, 11, 4, 21, 2, 31),
      }),
      record(joined("d111.cloudfront.net", "/index.html", "-"), {
        size: 392,
        timeMs: Date.UTC(2019, 11, 4, 21, 2, 32),
      }),
      record(joined("d111.cloudfront.net", "/index.html", "a=b"), {
        size: 17,
        timeMs: Date.UTC(2019, 11, 4, 21, 2, 33),
      }),
    ],
  },
  {
    format: "w3c",
    fileName: "u_ex.log",
    bytes: text(
      "#Software: Microsoft Internet Information Services 8.0",
      "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query sc-status",
      "2002-05-02 17:42:15 172.22.255.255 GET /images/picture.jpg - 200",
    ),
    records: [record(joined("/images/picture.jpg", "-"), { timeMs: Date.UTC(2002, 4, 2, 17, 42, 15) })],
  },
  {
    format: "w3c",
    fileName: "u_ex_changed.log",
    bytes: text(
      "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-bytes",
      "2002-05-02 17:42:15 GET /a - 200",
      "#Date: 2002-05-02 17:43:00",
      "#Fields: sc-bytes date time cs-uri-query cs-uri-stem",
      "300 2002-05-02 17:43:01 - /a",
    ),
    records: [
      record(joined("/a", "-"), { size: 200, timeMs: Date.UTC(2002, 4, 2, 17, 42, 15) }),
      record(joined("/a", "-"), { size: 300, timeMs: Date.UTC(2002, 4, 2, 17, 43, 1) }),
    ],
  },
  {
    format: "spc",
    fileName: "Financial1.spc",
    bytes: text("0,303567,3584,w,0.000000", "1,303567,3584,R,0.25", "0,303567,3072,r,0.5"),
    records: [
      record(joined("0", "303567"), { size: 3584, operation: WRITE }),
      record(joined("1", "303567"), { size: 3584, timeMs: 250 }),
      record(joined("0", "303567"), { size: 3072, timeMs: 500 }),
    ],
  },
  {
    format: "msr",
    fileName: "usr_0.csv",
    bytes: text(
      "128166372003061629,usr,0,Read,7014609920,24576,41286",
      "128166372016382155,usr,1,Write,7014609920,8192,1963",
    ),
    records: [
      record(joined("usr", "0", "7014609920"), { size: 24576, timeMs: Number("128166372003061629") * 1e-4 }),
      record(joined("usr", "1", "7014609920"), {
        size: 8192,
        timeMs: Number("128166372016382155") * 1e-4,
        operation: WRITE,
      }),
    ],
  },
  {
    format: "msr",
    fileName: "hm_1.csv",
    bytes: text(
      "Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime",
      "128166372003061629,hm,1,Read,383496192,32768,1331",
    ),
    records: [
      record(joined("hm", "1", "383496192"), { size: 32768, timeMs: Number("128166372003061629") * 1e-4 }),
    ],
  },
  {
    format: "meta-kv",
    fileName: "kvcache_traces_1.csv",
    bytes: text(
      "key,op,size,op_count,key_size",
      "a,GET,0,2,5",
      "a,SET,120,1,5",
      "a,GET,0,1,5",
      "b,DELETE,0,1,5",
    ),
    records: [
      record("a"),
      record("a"),
      record("a", { size: 120, operation: WRITE }),
      record("a", { size: 120 }),
      record("b", { operation: DELETE }),
    ],
  },
  {
    format: "meta-kv",
    fileName: "kvcache_traces_2.csv",
    bytes: text(
      "op_time,key,key_size,op,op_count,size,cache_hits,ttl,usecase,sub_usecase",
      "10,7,16,GET_LEASE,3,50,1,0,x,1",
      "11,7,16,SET_LEASE,1,60,0,30,x,1",
    ),
    records: [
      record("7", { size: 50, timeMs: 10_000 }),
      record("7", { size: 50, timeMs: 10_000 }),
      record("7", { size: 50, timeMs: 10_000 }),
      record("7", { size: 60, timeMs: 11_000, ttlMs: 30_000, operation: WRITE }),
    ],
  },
  {
    format: "meta-cdn",
    fileName: "reag0c01.csv",
    bytes: text(
      "timestamp,cacheKey,OpType,objectSize,responseSize,responseHeaderSize,rangeStart,rangeEnd,TTL,SamplingRate,cache_hit,item_value,RequestHandler",
      "1679000000,k1,1,5000,1200,200,0,999,3600,1,1,0,h",
      "1679000001,k1,1,5000,5200,200,-1,-1,3600,1,1,0,h",
    ),
    records: [
      record("k1", { size: 5000, timeMs: 1_679_000_000_000, ttlMs: 3_600_000 }),
      record("k1", { size: 5000, timeMs: 1_679_000_001_000, ttlMs: 3_600_000 }),
    ],
  },
  {
    format: "wiki",
    fileName: "cache-u-00",
    bytes: text(
      "relative_unix\thashed_path_query\timage_type\tresponse_size\ttime_firstbyte",
      "0\t833946053\tjpeg\t9665\t1.85E-4",
      "1\t-1679404160\tpng\t0\t8.0E-5",
    ),
    records: [record("833946053", { size: 9665 }), record("-1679404160", { timeMs: 1000 })],
  },
  {
    format: "wiki",
    fileName: "cache-t-00",
    bytes: text("3546\t-6387366053\t20172\t1.6E-4", "3546\t833946053\t12\t2.1E-4"),
    records: [
      record("-6387366053", { size: 20172, timeMs: 3_546_000 }),
      record("833946053", { size: 12, timeMs: 3_546_000 }),
    ],
  },
  {
    format: "wiki",
    fileName: "2016.tsv",
    bytes: text(
      "hashed_host_and_path\turi_query\tcontent_type\tresponse_size\tX_Cache",
      "12345\t\timage/png\t70\tcp4006 hit",
      "12345\t?a=b\timage/png\t71\tcp4006 hit",
    ),
    records: [record(joined("12345", ""), { size: 70 }), record(joined("12345", "?a=b"), { size: 71 })],
  },
];
