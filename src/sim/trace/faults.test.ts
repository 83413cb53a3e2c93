import { describe, expect, test } from "bun:test";
import { ROW_LIMIT_BYTES } from "./table.ts";
import { parse, TRACE_SAMPLES } from "./trace-samples-fixture.ts";

interface Case {
  readonly format: string;
  readonly text: string;
  readonly columns?: string;
  readonly problem: string;
  /** Number of records that remain when the fault is skipped. */
  readonly rest: number;
}

const CASES: readonly Case[] = [
  { format: "lirs", text: "1\nx\n2", problem: 't, line 2: "x" is not a block number', rest: 2 },
  { format: "lirs", text: "-1", problem: 't, line 1: "-1" is not a block number', rest: 0 },
  {
    format: "arc",
    text: "1 2 0 1\n5\n9 1 0 3",
    problem: 't, line 2: "5" is not a first block and a number of blocks',
    rest: 3,
  },
  {
    format: "arc",
    text: "1 0 0 1\n1 2000000000 0 1",
    problem: 't, line 1: "1 0 0 1" is not a first block and a number of blocks',
    rest: 0,
  },
  {
    format: "twitter",
    text: "0,k,1,2,3,get\n",
    problem: 't, line 1: "0,k,1,2,3,get" does not have 7 columns',
    rest: 0,
  },
  { format: "twitter", text: "x,k,1,2,3,get,0", problem: 't, line 1: the time "x" is not a number', rest: 0 },
  { format: "twitter", text: "0,,1,2,3,get,0", problem: "t, line 1: the key is empty", rest: 0 },
  {
    format: "twitter",
    text: "0,k,?,2,3,get,0",
    problem: 't, line 1: the sizes "?,2" are not two whole numbers',
    rest: 0,
  },
  {
    format: "twitter",
    text: "0,k,1,2,3,look,0",
    problem: 't, line 1: the operation "look" is neither read, write nor delete',
    rest: 0,
  },
  {
    format: "twitter",
    text: "0,k,1,2,3,get,-",
    problem: 't, line 1: the time to live "-" is not a number',
    rest: 0,
  },
  {
    format: "csv",
    text: "key,size\na,1\nb,x\nc,2",
    problem: 't, line 3: the size "x" is not a number',
    rest: 2,
  },
  { format: "csv", text: "key,size\n\na,-1\n", problem: 't, line 3: the size "-1" is less than 0', rest: 0 },
  { format: "csv", text: "key,size\na,1\na,0\nb,2\n", problem: "t, line 3: the size is 0", rest: 2 },
  {
    format: "csv",
    text: "key,size\na,0.4\nb,0x10\nc,2.0",
    problem: 't, line 2: the size "0.4" is not a whole number of bytes',
    rest: 1,
  },
  {
    format: "csv",
    text: "key,size\na,0x10\nb,2e3",
    problem: 't, line 2: the size "0x10" is not a number',
    rest: 1,
  },
  {
    format: "csv",
    text: "key,time\na,0x10\nb,1",
    problem: 't, line 2: the time "0x10" is neither a number nor a date',
    rest: 1,
  },
  {
    format: "csv",
    text: "key,size\na\nb,2",
    problem: "t, line 2: there is no column 2: the line has 1",
    rest: 1,
  },
  {
    format: "csv",
    text: "key,size\na,1\na,b,2\nc,3,\n",
    problem: "t, line 3: the line has 3 fields, and the header 2 names",
    rest: 2,
  },
  {
    format: "csv",
    text: "key,size\na,9007199254740993\nb,2",
    problem: 't, line 2: the size "9007199254740993" is not a whole number of bytes',
    rest: 1,
  },
  {
    format: "twitter",
    text: "1,a,3,0.4,1,get,0\n1,a,3,4,1,get,0",
    problem: 't, line 1: the sizes "3,0.4" are not two whole numbers',
    rest: 1,
  },
  { format: "csv", text: "key,size\n,1\nb,2", problem: "t, line 2: the key is empty", rest: 1 },
  {
    format: "csv",
    text: "key,time\na,soon",
    problem: 't, line 2: the time "soon" is neither a number nor a date such as 2013-12-01T08:30:00Z',
    rest: 0,
  },
  {
    format: "csv",
    text: "key,ttl\na,soon",
    problem: 't, line 2: the time to live "soon" is not a number',
    rest: 0,
  },
  {
    format: "csv",
    text: 'key,op\na,get\na,"x\u001b[1m"',
    problem: 't, line 3: the operation "x?[1m" is neither read, write nor delete',
    rest: 1,
  },
  { format: "csv", text: 'key\na\n"b\nc\nd', problem: "t, line 3: a quote is not closed", rest: 3 },
  {
    format: "csv",
    text: `key\na\n${"x".repeat(ROW_LIMIT_BYTES + 1)}\nb`,
    problem: "t, line 3: the row is longer than 1 MB",
    rest: 2,
  },
  {
    format: "monitor",
    text: "nothing\n",
    problem: "t, line 1: there is no time and client before a command",
    rest: 0,
  },
  {
    format: "monitor",
    text: 'x.1 [0 1.1.1.1:1] "get" "a"',
    problem: "t, line 1: it does not begin with a time in seconds",
    rest: 0,
  },
  {
    format: "monitor",
    text: "1.1 [0 1.1.1.1:1]",
    problem: "t, line 1: there is no command after the client's address",
    rest: 0,
  },
  {
    format: "monitor",
    text: '1.1 [0 a:1] "get" a',
    problem: "t, line 1: an argument is not in quotes",
    rest: 0,
  },
  { format: "monitor", text: '1.1 [0 a:1] "get" "a', problem: "t, line 1: an argument is cut off", rest: 0 },
  {
    format: "monitor",
    text: '1.1 [0 a:1] "get" "\\q"',
    problem: "t, line 1: an escape is not known",
    rest: 0,
  },
  {
    format: "monitor",
    text: '1.1 [0 a:1] "get" "\\xg0"',
    problem: "t, line 1: an escape is not of the form \\x00",
    rest: 0,
  },
];

describe("broken records", () => {
  test.each(CASES.map((item) => [`${item.format}: ${item.problem.slice(0, 80)}`, item] as const))(
    "%s",
    (_, { format, text, columns, problem, rest }) => {
      const bytes = Buffer.from(text);
      expect(() => parse(format, bytes, { columns })).toThrow(problem);
      const { records, faults } = parse(format, bytes, { columns, skipsBad: true });
      expect(faults.firstBad).toStartWith(problem);
      expect(records.length).toBe(rest);
    },
  );

  test("binary records that are cut off", () => {
    for (const { format, bytes } of TRACE_SAMPLES) {
      const recordBytes = { oracleGeneral: 24, bin32le: 4, bin64be: 8 }[format];
      if (recordBytes === undefined) continue;
      const count = bytes.length / recordBytes;
      const at = (count - 1) * recordBytes;
      const problem = `t, record ${count} (byte ${at}): the trace ends within the record, after ${recordBytes - 1} of ${recordBytes} bytes`;
      expect(() => parse(format, bytes.subarray(0, -1))).toThrow(problem);
      const { records, faults } = parse(format, bytes.subarray(0, -1), { skipsBad: true, cuts: [3, 5] });
      expect(records.length).toBe(count - 1);
      expect({ ...faults }).toMatchObject({ bad: 1, firstBad: problem });
    }
  });

  test("binary records of size 0", () => {
    const zeros = Buffer.alloc(72);
    zeros.writeUInt32LE(5, 12);
    zeros.writeUInt32LE(5, 60);
    const problem = "t, record 2 (byte 24): the size is 0";
    expect(() => parse("oracleGeneral", zeros)).toThrow(problem);
    const { records, faults } = parse("oracleGeneral", zeros, { skipsBad: true, cuts: [30] });
    expect(records.length).toBe(2);
    expect({ ...faults }).toMatchObject({ bad: 1, firstBad: problem });
  });

  test("tables without the columns asked for", () => {
    const bytes = Buffer.from("time,id,bytes\n1,2,3\n");
    const told = (columns: string) => () => parse("csv", bytes, { columns });
    expect(told("key=4")).toThrow('t: there is no column 4: line 1 has 3: "time", "id", "bytes"');
    expect(told("key=name")).toThrow('t: there is no column "name": line 1 has 3: "time", "id", "bytes"');
    expect(told("key=0")).toThrow("there is no column 0: the first one is 1, the last one possible is 10000");
    expect(told("size=1")).toThrow('"size=1" does not say which column is the key, as in key=2');
    expect(told("key=1,key=2")).toThrow('the column of key is given twice in "key=1,key=2"');
    expect(told("key")).toThrow(
      '"key" is not of the form key=2; before the = there must be one of time, time-ms, time-us, key, size, op, ttl, ttl-ms, count',
    );
    expect(() => parse("csv", Buffer.from("a,b\nc,d\n"))).toThrow(
      't: which column is the key? Give it as in --columns key=2,size=3; line 1 has 2: "a", "b"; all of the first 2 lines have as many',
    );
  });

  test("content that is not in the given format", () => {
    const noise = Buffer.alloc(100, 0xff);
    expect(() => parse("vscsi", noise)).toThrow("t: these are not vscsi records: they have no known version");
    expect(() => parse("recording", noise)).toThrow(
      "t: this is not a recording: it does not begin with GLASSREC",
    );
    expect(() => parse("recording", Buffer.from("GLASS"))).toThrow(
      "t: this is not a recording: it ends within its header",
    );
    const future = Buffer.concat([Buffer.from("GLASSREC"), Buffer.from([3]), Buffer.alloc(7)]);
    expect(() => parse("recording", future)).toThrow(
      "t: it is a recording of version 3; known versions are 1 and 2",
    );
  });
});

describe("entries that are not requests", () => {
  test("is left out and counted", () => {
    const lines = ["ping", "get", "config"].map((name) => `1.0 [0 a:1] "${name}"`).join("\n");
    expect({ ...parse("monitor", Buffer.from(lines)).faults }).toMatchObject({
      ignored: 3,
      ignoredKinds: new Map([["commands that neither read nor change values", 3]]),
    });
  });

  test("commands that are not known are told from those that do nothing", () => {
    const lines = ["ping", "JSON.SET", "json.get"].map((name) => `1.0 [0 a:1] "${name}" "k"`).join("\n");
    const { ignoredKinds } = parse("monitor", Buffer.from(lines)).faults;
    expect([...ignoredKinds]).toEqual([
      ["commands that neither read nor change values", 1],
      ['commands that are not known, such as "JSON.SET"', 2],
    ]);
  });

  test("methods of HTTP that neither read nor write are left out of tables", () => {
    const text = "url,method\n/a,GET\n/a,OPTIONS\n/a,PROPFIND\n/a,HEAD\n";
    const { records, faults } = parse("csv", Buffer.from(text));
    expect([records.length, [...faults.ignoredKinds]]).toEqual([
      2,
      [["requests that neither read, write nor delete", 2]],
    ]);
  });
});
