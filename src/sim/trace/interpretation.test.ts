/** How traces are interpreted, and what the user is told about it: nothing is guessed silently. */
import { describe, expect, test } from "bun:test";
import { openSource, type SourceOptions } from "../source.ts";
import { readAll, record } from "./trace-samples-fixture.ts";

async function open(text: string | Uint8Array, options: SourceOptions = {}) {
  async function* once(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text as string);
  }
  return openSource("-", { ...options, standardInput: once() });
}

async function refusal(text: string, options: SourceOptions = {}): Promise<string> {
  try {
    await readAll(await open(text, options));
  } catch (error) {
    return (error as Error).message;
  }
  return "it was read";
}

const lines = (...rows: readonly string[]): string => `${rows.join("\n")}\n`;
const ROWS = [
  ["1", "a", "10"],
  ["2", "b", "20"],
  ["3", "a", "10"],
] as const;
const RECORDS = ROWS.map(([time, key, size]) =>
  record(key, { timeMs: Number(time) * 1000, size: Number(size) }),
);
const SEPARATORS = [
  ["tabs", "\t"],
  ["commas", ","],
  ["semicolons", ";"],
  ["bars", "|"],
  ["blanks", " "],
  ["blanks", "   "],
] as const;

describe.each(SEPARATORS)("a table separated by %s (%j)", (name, separator) => {
  const rows = ROWS.map((row) => row.join(separator));

  test("needs a key column, whatever its name", async () => {
    expect(await refusal(lines(...rows))).toBe(
      "standard input: which column is the key? Give it as in --columns key=2,size=3; " +
        'line 1 has 3: "1", "a", "10"; all of the first 3 lines have as many; if each line is one key: --format keys',
    );
  });

  test("is read with given columns, which the description names", async () => {
    const source = await open(lines(...rows), { columns: "time=1,key=2,size=3" });
    expect(source.interpretation).toEqual({
      description: `csv, separated by ${name}: columns by number, time 1, key 2, size 3; first key "a"`,
      doubt: undefined,
    });
    expect(await readAll(source)).toEqual(RECORDS);
  });

  test.each([
    ["a header", []],
    ["comments and empty lines before the header", ["# from our shop", "", "#"]],
    ["a warning of redis-cli before it", ["Warning: Using a password with '-a' may not be safe."]],
  ])("is read with %s", async (_, before) => {
    const header = ["Timestamp", "Object-ID", "bytes"].join(separator);
    const source = await open(lines(...before, header, ...rows));
    expect(source.interpretation?.description).toStartWith(
      `csv, separated by ${name}: columns time "Timestamp", key "Object-ID", size "bytes"`,
    );
    expect(await readAll(source)).toEqual(RECORDS);
  });

  test("is read with a header that is a comment", async () => {
    const source = await open(lines("# made in May", `#${["time", "key", "size"].join(separator)}`, ...rows));
    expect(await readAll(source)).toEqual(RECORDS);
    expect(source.interpretation?.description).toEndWith('from line 3 on; first key "a"');
  });

  test("has a heading that is not a request, whatever its names", async () => {
    const heading = ["when", "what", "how much"].map((title) => title.replace(" ", "-")).join(separator);
    const source = await open(lines(heading, ...rows), { columns: "key=2" });
    expect(await readAll(source)).toEqual(ROWS.map(([, key]) => record(key)));
    expect(source.interpretation?.description).toContain('key "what"; not used: "when", "how-much"');
  });

  test("may have a key of several columns", async () => {
    const source = await open(lines(...rows), { columns: "key=2+3" });
    expect(await readAll(source)).toEqual(ROWS.map(([, key, size]) => record(`${key}\x1f${size}`)));
    expect(source.interpretation?.description).toContain('key 2+3; first key "a+10"');
    const header = ["n", "host", "path"].join(separator);
    const named = await open(lines(header, ...rows), { columns: "key=host+path" });
    expect((await readAll(named)).map(({ key }) => key)).toEqual(
      ROWS.map(([, key, size]) => record(`${key}\x1f${size}`).key),
    );
  });
});

describe("a table", () => {
  test("keeps apart keys of several columns that are the same joined", async () => {
    const source = await open("ab,c\na,bc\n", { columns: "key=1+2" });
    expect(new Set((await readAll(source)).map(({ key }) => key)).size).toBe(2);
  });

  test("has names as in access logs", async () => {
    for (const [key, size, op] of [
      ["url", "bytes", "method"],
      ["URI", "body_bytes_sent", "request_method"],
      ["path", "size", "verb"],
    ]) {
      const source = await open(
        lines(
          `id,time,${op},${key},status,${size}`,
          "1,5,GET,/a,200,10",
          "2,6,GET,/a,304,0",
          "3,7,HEAD,/a,200,-",
        ),
      );
      expect(await readAll(source)).toEqual(
        [5, 6, 7].map((seconds) => record("/a", { size: 10, timeMs: seconds * 1000 })),
      );
    }
  });

  test("may count requests in a column", async () => {
    const source = await open("a,3\nb,1\n", { columns: "key=1,count=2" });
    expect(await readAll(source)).toEqual([..."aaab"].map((key) => record(key)));
    expect(await refusal("a,0\n", { columns: "key=1,count=2" })).toContain('the count "0" is not a number');
  });

  test("may be of blanks with fields in quotes", async () => {
    const source = await open('"a b" 1\n"c" 2\nd"e 3\n', { columns: "key=1" });
    expect((await readAll(source)).map(({ key }) => key)).toEqual(
      ["a b", "c", 'd"e'].map((key) => record(key).key),
    );
  });

  test("of time, object and size gets a suggestion", async () => {
    expect(await refusal("1 100 10\n1 7 5\n3 100 10\n")).toContain("--columns time=1,key=2,size=3;");
    expect(await refusal("5 100 10\n1 7 5\n3 100 10\n")).toContain("--columns key=2,size=3;");
  });

  test("has only one column for a size", async () => {
    expect(await refusal("a,b\n", { columns: "key=1,size=1+2" })).toBe(
      '"size=1+2": only key and time can be of several columns',
    );
    expect(await refusal("a,b\n", { columns: "key=1,2" })).toBe(
      '"2" is not of the form key=2; a key of several columns is written as key=1+2',
    );
    expect(await refusal("a,b\n", { columns: "key=1+" })).toBe('"key=1+" is not of the form key=2+3');
  });
});

const BOXED = ROWS.map((row) => `| ${row.map((field) => field.padStart(4)).join(" | ")} |`);
test.each([
  [
    "psql",
    [" time | key | size ", "------+-----+------", ...ROWS.map((row) => ` ${row.join(" |  ")}`), "(3 rows)"],
  ],
  ["mysql", ["+---+---+---+", "| time | key | size |", "+---+---+---+", ...BOXED, "+---+---+---+"]],
  ["Markdown", ["| time | key | size |", "|------|:---:|-----:|", ...BOXED]],
])("a table as %s prints it", async (_, rows) => {
  const source = await open(lines(...rows));
  expect(source.interpretation?.description).toStartWith(
    'csv, separated by bars: columns time "time", key "key", size "size"',
  );
  expect(await readAll(source)).toEqual(RECORDS);
  const numbered = await open(lines(...rows), { columns: "time=1,key=2,size=3" });
  expect(await readAll(numbered)).toEqual(RECORDS);
});

test.each([
  [["mysql: [Warning] Using a password on the command line interface can be insecure."]],
  [['Defaulted container "shop" out of: shop, proxy']],
  [["Requests of May", ""]],
  [["Requests of May, by hour", "", "made by Ann"]],
])("a table after %j begins with its header", async (before) => {
  for (const separator of ["\t", ";"]) {
    const rows = [["time", "key", "size"], ...ROWS].map((row) => row.join(separator));
    const source = await open(lines(...before, ...rows));
    expect(await readAll(source)).toEqual(RECORDS);
    expect(source.interpretation?.description).toContain(`, from line ${before.length + 1} on`);
  }
});

describe("a first row of words", () => {
  const COLUMN = { columns: "key=2" };
  const firstKey = async (...rows: string[]): Promise<string | undefined> =>
    (await open(lines(...rows), COLUMN)).interpretation?.description.replace(/^.*first key /, "");

  test("is a heading over dates and other texts with digits", async () => {
    expect(await firstKey("when,what", "2024-01-01,a", "2024-01-02,b", "2024-01-03,a")).toBe('"a"');
    expect(await firstKey("user,page", "u1,home", "u2,cart", "u1,home")).toBe('"home"');
  });

  test("is a heading if the rows repeat each other, but not the first one", async () => {
    expect(await firstKey("customer,page", "ann,a", "bob,b", "ann,a")).toBe('"a"');
    expect(await firstKey("customer;page", "ann;a", "bob;a", "ann;a")).toBe('"a"');
  });

  test("is a request if the rows repeat it, or repeat nothing", async () => {
    expect(await firstKey("ann,home", "bob,a", "ann,b", "bob,a")).toBe('"home"');
    expect(await firstKey("ann,home", "bob,a", "eve,b", "joe,c")).toBe('"home"');
    expect(await firstKey("a1,home", "b2,x1", "b2,x2", "b2,x1")).toBe('"home"');
    expect((await readAll(await open(lines("home", "a", "a", "a"), { columns: "key=1" }))).length).toBe(4);
  });
});

describe("usual names of columns", () => {
  const described = async (...rows: string[]): Promise<string | undefined> =>
    (await open(lines(...rows))).interpretation?.description;

  test("of a date and a time of day are one time", async () => {
    const source = await open(
      lines("date,time,url,bytes", "2013-12-01,08:30:01,/a,5", "2013-12-01,08:30:02,/a,5"),
    );
    const times = [1, 2].map((second) => Date.UTC(2013, 11, 1, 8, 30, second));
    expect(await readAll(source)).toEqual(times.map((timeMs) => record("/a", { size: 5, timeMs })));
    expect(await described("time,url", "08:30:01,/a", "08:30:02,/b")).toContain(
      'columns key "url"; not used: "time"',
    );
  });

  test("of operations are not used if none is known", async () => {
    expect(await described("op,lbn", "2a,5", "28,6")).toBe(
      'csv, separated by commas: columns key "lbn"; not used: "op"; first key 5',
    );
    expect(await described("op,lbn", "2a,5", "read,6")).toContain('columns op "op", key "lbn"');
  });

  test.each([
    "timestamp,http_method,request_url,status_code,response_bytes",
    "Time,Method,Request URL,Status,Bytes",
    "time,cs-method,cs-uri-stem,sc-status,sc-bytes",
    "time_local,method,request_uri,status,bytes_sent",
  ])("%s", async (header) => {
    const source = await open(lines(header, "5,GET,/a,200,10", "6,HEAD,/a,200,0"));
    expect(await readAll(source)).toEqual([5, 6].map((s) => record("/a", { size: 10, timeMs: 1000 * s })));
  });
});

test.each(["//", "%", ";", "--", "!", "#"])("comments may begin with %s before a table", async (mark) => {
  const source = await open(lines(`${mark} my trace`, `${mark}made in May`, "key,size", "a,1", "b,2"));
  expect(await readAll(source)).toEqual([record("a"), record("b", { size: 2 })]);
  expect(await refusal(lines(`${mark} my trace`, "a,1", "b,2"))).toContain('line 2 has 2: "a", "1"');
  // Without a table after them, these lines are ordinary ones.
  if (mark !== "#") expect((await readAll(await open(lines(`${mark}a`, "b", "c")))).length).toBe(3);
});

test("a heading over one column is not a key, unless it occurs again", async () => {
  expect(await readAll(await open("url\n/a\n/b\n"))).toEqual([record("/a"), record("/b")]);
  expect((await readAll(await open("url\n/a\nurl\n"))).length).toBe(3);
  expect((await readAll(await open("url\n"))).length).toBe(1);
});

test("a table with rows of one field is doubted", async () => {
  const directory = await open("a,1\nb,2\nOrders of May\nc,3\n", { format: "csv" });
  expect(directory.interpretation?.doubt).toBe("3 of its first 4 rows have several fields, the others one");
});

describe("lists of keys", () => {
  test("are described with their first key", async () => {
    const source = await open("user:1\nuser:2\nuser:1\n");
    expect(source.interpretation).toEqual({ description: 'keys; first key "user:1"', doubt: undefined });
    expect((await open("12\n13\n")).interpretation?.description).toBe("keys; first key 12");
    expect((await open(`${"é".repeat(90)}\nx\n`)).interpretation?.description).toBe(
      `keys; first key "${"é".repeat(60)}…"`,
    );
    expect((await open("a\u001b[1m\nx\n")).interpretation?.description).toBe('keys; first key "a?[1m"');
  });

  test("may begin with a warning of redis-cli", async () => {
    const source = await open("Warning: Using a password with '-a' …\nuser:1\n");
    expect(await readAll(source)).toEqual([record("user:1")]);
    expect(source.interpretation?.description).toBe('keys; first key "user:1"');
  });

  test("are doubted if each line has several fields, or many contain blanks", async () => {
    expect((await open("a,1\nb,2\n", { format: "keys" })).interpretation?.doubt).toBe(
      "each of its first 2 lines has 2 fields separated by commas, and is taken for one key; " +
        "--columns key=1 takes the first of them",
    );
    expect((await open("one\ntwo words\nand three words\n")).interpretation?.doubt).toBe(
      "2 of its first 3 lines contain blanks, which is unusual for a list of keys; each line is taken for one key",
    );
    const few = Array.from({ length: 50 }, (_, i) => `key${i}`).join("\n");
    expect((await open(`${few}\na key\n`)).interpretation?.doubt).toBeUndefined();
  });

  test("are doubted if most lines contain the same separator", async () => {
    for (const [what, mark] of [
      ["commas", ","],
      ["semicolons", ";"],
      ["bars", "|"],
    ]) {
      const rows = Array.from({ length: 9 }, (_, i) => `${i % 3}${mark}a`);
      expect((await open(lines(...rows, `1${mark}a${mark}b`))).interpretation?.doubt).toBe(
        `10 of its first 10 lines contain ${what}, which is unusual for a list of keys; each line is taken for one key`,
      );
      const keys = Array.from({ length: 9 }, (_, i) => `key${i}`);
      expect((await open(lines(...keys, `1${mark}a`))).interpretation?.doubt).toBeUndefined();
    }
  });

  test("may have braces, as keys of Redis Cluster do", async () => {
    expect((await open("{user1}:name\n{user1}:mail\n<5>\n")).interpretation?.description).toBe(
      'keys; first key "{user1}:name"',
    );
  });
});

test.each([
  ["JSON", '{"key": "a"}\n{"key": "b"}\n'],
  ["JSON", '{\n  "a": 1\n}\n'],
  ["JSON", '[\n  {"a": 1}\n]\n'],
  ["JSON", '["a", "b"]\n'],
  ["JSON", "[1, 2]\n"],
  ["HTML or XML", "\n<!DOCTYPE html>\n<html><body></body></html>\n"],
  ["HTML or XML", '<?xml version="1.0"?>\n<a/>\n'],
  ["HTML or XML", '<svg xmlns="http://www.w3.org/2000/svg"></svg>\n'],
])("%s is no trace (%j)", async (kind, text) => {
  expect(await refusal(text)).toBe(
    `standard input: this is not a trace, but ${kind}; if each line is one key nevertheless: --format keys`,
  );
  expect(await refusal(text, { format: "keys" })).toBe("it was read");
});

test("the text before each command of MONITOR", async () => {
  const command = (second: number) => `133951808${second}.5 [0 127.0.0.1:60866] "get" "user:1"`;
  const expected = [3, 4].map((second) => record("user:1", { timeMs: 1339518080500 + second * 1000 }));
  for (const before of [
    "",
    "2024-01-01T00:00:00.000000000Z ",
    "redis-1  | ",
    "\x1b[36mredis-1  |\x1b[0m ",
    "Jan  1 00:00:00 host redis[12]: ",
    "2024-01-01T00:00:00Z stdout F +",
  ]) {
    const source = await open(`OK\n${before}${command(3)}\n${before}${command(4)}\n`);
    expect(source.interpretation?.description).toBe('monitor; first key "user:1"');
    expect(await readAll(source)).toEqual(expected);
  }
  for (const color of ["\x1b[36m", "\x1b[1;35m"]) {
    const before = `${color}redis-1  | \x1b[0m`;
    const colored = await open(`${before}OK\n${before}${command(3)}\n${before}${command(4)}\n`);
    expect(await readAll(colored)).toEqual(expected);
  }
  const warned = await open(`Warning: Using a password with '-a' …\nOK\n${command(3)}\n${command(4)}\n`);
  expect(await readAll(warned)).toEqual(expected);
});

test("an access log of a container has messages between its requests", async () => {
  const request = (url: string): string =>
    `nginx-1  | 10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET ${url} HTTP/1.1" 200 5 "-" "curl"`;
  let leftOut: unknown;
  const source = await open(
    lines(
      "nginx-1  | /docker-entrypoint.sh: Configuration complete; ready for start up",
      request("/a"),
      "nginx-1  | 2000/10/10 13:55:36 [error] 29#29: *1 open() failed (2: No such file or directory)",
      request("/b"),
      request("/a"),
    ),
    { onSkipped: ({ ignoredKinds }) => (leftOut = [...ignoredKinds]) },
  );
  expect((await readAll(source)).map(({ key }) => key)).toEqual(
    ["/a", "/b", "/a"].map((url) => record(url).key),
  );
  expect(leftOut).toEqual([["lines without a request for a URL that is read, written or deleted", 2]]);
});
