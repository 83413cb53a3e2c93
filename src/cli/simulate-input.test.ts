/** Messages of `glasscache simulate` about real-world files, and about files that are not traces. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runGlasscache } from "../../test/support/command-line.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";

setDefaultTimeout(30_000);

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory.path, name);
  writeFileSync(path, content);
  return path;
}

const QUICK = ["--policy", "lru", "--size", "100"];
const ONCE =
  "every object was requested only once, so no cache has a hit; is the trace interpreted correctly? (";
const NO_TEXT = "its format cannot be detected from its content, which is not text; give it with --format: ";
const ASKS = "which column is the key? Give it as in --columns key=2,size=3; ";
const BLANKS = "lines contain blanks, which is unusual for a list of keys; each line is taken for one key";
const tar = Buffer.alloc(1024);
tar.write("trace.csv");
tar.write("ustar", 257);
const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3);

describe("a file that is not a trace gets one line", () => {
  test.each([
    ["empty.txt", "", 1, "the trace is empty"],
    ["blank.txt", "\n\n\n", 1, "there is no request in it"],
    ["letter.txt", "Dear Sir,\nthank you for your letter.\nYours\n", 0, ONCE],
    ["README.md", readFileSync(join(import.meta.dir, "../../README.md"), "utf8"), 0, BLANKS],
    ["program.ts", readFileSync(import.meta.path, "utf8"), 0, BLANKS],
    ["passwd", "root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/bin/false\n", 0, ONCE],
    ["settings.ini", "[section]\na=1\nb=2\n", 0, ONCE],
    ["list.yaml", "---\na: 1\nb:\n  - x\n", 0, BLANKS],
    ["syslog", "Nov 10 10:00:00 h sshd: Accepted key\nNov 10 10:00:00 h sshd: bye\n", 0, BLANKS],
    ["people.csv", "name,age,city\nAnn,5,Bonn\nBob,6,Ulm\n", 1, `${ASKS}line 1 has 3: "name", "age", "city"`],
    ["products.csv", "id,name,price\n1,a,5\n2,b,6\n", 0, `${ONCE}csv, separated by commas: columns key "id"`],
    ["fish.sql", "INSERT INTO t VALUES (1,2);\nINSERT INTO t VALUES (3,4);\n", 1, ASKS],
    ["object.json", '{\n  "a": 1\n}\n', 1, "this is not a trace, but JSON; if each line is one key"],
    ["lines.ndjson", '{"a":1,"b":2}\n{"a":2,"b":2}\n', 1, "this is not a trace, but JSON;"],
    ["page.html", "<!doctype html>\n<html></html>\n", 1, "this is not a trace, but HTML or XML;"],
    [
      "drawing.svg",
      '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
      1,
      "this is not a trace, but HTML or XML;",
    ],
    ["picture.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0", 1, "this is not a trace, but a PNG picture"],
    ["picture.jpg", "\xff\xd8\xff\xe0\0\x10JFIF\0", 1, "this is not a trace, but a JPEG picture"],
    [
      "paper.pdf",
      "%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n",
      1,
      "this is not a trace, but a PDF document",
    ],
    ["archive.zip", "PK\x03\x04\x14\0\0\0", 1, "this is not a trace, but a ZIP archive"],
    ["wide.txt", "\xff\xfea\0\n\0", 1, "this is not a trace, but text in UTF-16; traces are UTF-8"],
    ["one-line.txt", "bm90IGEgdHJhY2U=\n", 0, ONCE],
    ["null.json", "null\n", 0, ONCE],
    ["archive.tar.gz", gzipSync(tar), 1, "this is not a trace, but a tar archive; unpack it first"],
    ["picture.webp", "RIFF\x24\0\0\0WEBPVP8 ", 1, "this is not a trace, but a RIFF file"],
    ["picture.bmp", "BM\x46\0\0\0\0\0", 1, "this is not a trace, but a BMP picture"],
    ["dump.rdb", "REDIS0009\xfa\0", 1, "this is not a trace, but a dump of Redis (RDB)"],
    ["noise.bin", noise, 1, NO_TEXT],
    ["zeros.bin", new Uint8Array(4800), 1, NO_TEXT],
    ["noise.gz", gzipSync(noise), 1, NO_TEXT],
  ])("%s", async (name, content, code, message) => {
    const path = file(
      name,
      typeof content === "string" ? Buffer.from(content, name === "README.md" ? "utf8" : "latin1") : content,
    );
    const result = await runGlasscache(["simulate", path, ...QUICK]);
    expect({ code: result.code, lines: result.stderr.trim().split("\n").length }).toEqual({ code, lines: 1 });
    expect(result.stderr).toStartWith(`glasscache simulate: ${path}: `);
    expect(result.stderr).toContain(message);
    expect(result.stdout === "").toBe(code !== 0);
  });
});

test("keys may begin as files of other kinds do", async () => {
  for (const key of ["PAR1023", "BM5", "GIF8", "RIFF:1"]) {
    const { code, stdout } = await runGlasscache([
      "simulate",
      file("keys.txt", `${key}\n${key}\n`),
      ...QUICK,
    ]);
    expect([code, stdout.split("\n")[0]]).toEqual([0, expect.stringContaining(`(keys; first key "${key}")`)]);
  }
});

test("the first line says how any input was interpreted", async () => {
  const first = async (name: string, content: string, ...more: string[]): Promise<string> => {
    const { stdout, stderr } = await runGlasscache(["simulate", file(name, content), ...QUICK, ...more]);
    expect(stderr).toBe("");
    return stdout.split("\n")[0]!.slice(join(directory.path, name).length);
  };
  expect(await first("time-id-size", "1 a 5\n2 b 5\n3 a 5\n", "--columns", "time=1,key=2,size=3")).toBe(
    ': 3 requests for 2 objects (csv, separated by blanks: columns by number, time 1, key 2, size 3; first key "a")',
  );
  const log = (url: string) =>
    `1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET ${url} HTTP/1.1" 200 5 "-" "-"\n`;
  expect(await first("access.log", log("/a") + log("/a") + log("/b"))).toBe(
    ': 3 requests for 2 objects (access-log, key is the URL, size the bytes sent; first key "/a")',
  );
});
