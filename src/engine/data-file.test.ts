import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { utf8 } from "../lib/bytes.ts";
import { checkDataFile, DATA_FILE } from "./data-file.ts";
import { Tables } from "./tables.ts";

const PAGE_BYTES = 4096;
/** Where a meta page has its transaction's number. */
const TRANSACTION = 152;
const KEYS = 1000;
let scratch = "";
let whole = new Uint8Array(0);
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "glasscache-data-file-"));
  const directory = join(scratch, "whole");
  mkdirSync(directory);
  Tables.make(directory, { low: 1, high: 2 }, false);
  const tables = new Tables(directory);
  // Writes several times, so that pages are freed. Some records have pages of their own.
  for (let round = 0; round < 3; round++) {
    const entries = Array.from({ length: KEYS }, (_, i) => ({
      key: utf8(`key ${i}`),
      record: new Uint8Array(i % 100 === 0 ? 9000 : 1 + ((i * round) % 300)),
    }));
    tables.fill(entries);
  }
  await tables.close();
  whole = readFileSync(join(directory, DATA_FILE));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** Returns what is reported for a file with this content: damage, or an error. */
function said(content: Uint8Array): string {
  const directory = join(scratch, "checked");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, DATA_FILE), content);
  try {
    const state = checkDataFile(directory);
    return typeof state === "string" ? state : state.what;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Reads every key in a separate process, because a missing page would kill it. */
async function readAll(content: Uint8Array): Promise<string> {
  said(content);
  const script = `
    const { Tables } = await import(${JSON.stringify(join(import.meta.dir, "tables.ts"))});
    const tables = new Tables(process.argv[1]);
    tables.check();
    console.log(tables.count());`;
  const child = Bun.spawn([process.execPath, "-e", script, join(scratch, "checked")], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = await new Response(child.stdout).text();
  await child.exited;
  return child.signalCode === null ? output.trim() : `${child.signalCode}`;
}

test("a file that is cut anywhere is damaged, unless only free pages are gone", async () => {
  expect(said(whole)).toBe("whole");
  let shortest = whole.length;
  for (let length = whole.length; length > 0; length -= PAGE_BYTES / 2) {
    const state = said(whole.subarray(0, length));
    if (state === "whole") {
      // Once one length is damaged, so are all shorter ones.
      expect(length).toBeGreaterThan(shortest - PAGE_BYTES);
      shortest = length;
    } else {
      expect(state).toMatch(/beyond the end of the file|a meta page cannot be read|not an LMDB database/);
    }
  }
  expect(await readAll(whole)).toBe(`${KEYS}`);
  expect(await readAll(whole.subarray(0, shortest))).toBe(`${KEYS}`);
}, 60_000);

test("an empty file, or one in which nothing was ever stored, is absent", async () => {
  expect(said(new Uint8Array(0))).toBe("absent");
  const directory = join(scratch, "fresh");
  await open(directory, {}).close();
  const fresh = readFileSync(join(directory, DATA_FILE));
  expect(said(fresh)).toBe("absent");
  // The first transaction may have stored nothing. After a second one something has been stored and removed again.
  const after = (second: bigint, first: bigint) => {
    const changed = Uint8Array.from(fresh);
    const view = new DataView(changed.buffer);
    view.setBigUint64(TRANSACTION, first, true);
    view.setBigUint64(PAGE_BYTES + TRANSACTION, second, true);
    return said(changed);
  };
  expect([after(1n, 0n), after(1n, 2n)]).toEqual(["absent", "whole"]);
});

test("meta pages that are not LMDB's, or not of two consecutive transactions, are damaged", () => {
  const MAGIC = 24;
  for (const page of [0, PAGE_BYTES]) {
    for (const [at, says] of [
      [MAGIC, "a meta page cannot be read"],
      [18, "a meta page cannot be read"],
      [TRANSACTION, "a meta page has the wrong transaction number"],
    ] as const) {
      const damaged = Uint8Array.from(whole);
      damaged[page + at]! ^= 1;
      expect(said(damaged)).toContain(says);
    }
    const damaged = Uint8Array.from(whole);
    damaged[page + TRANSACTION]! ^= 8;
    expect(said(damaged)).toContain("the meta pages are of transactions");
    const older = Uint8Array.from(whole);
    older[page + 28] = 9;
    expect(said(older)).toContain("has version 9 of LMDB's format, not 2");
  }
});

test("a wrong root page is damage", () => {
  const metas = [0, PAGE_BYTES].map((at) => new DataView(whole.buffer, whole.byteOffset + at, PAGE_BYTES));
  const newest = metas.reduce((a, b) => (a.getBigUint64(152, true) > b.getBigUint64(152, true) ? a : b));
  const root = Number(newest.getBigUint64(136, true)) * PAGE_BYTES;
  for (const at of [0, 18, 20, 22, 24]) {
    const damaged = Uint8Array.from(whole);
    damaged[root + at]! ^= 1;
    expect(said(damaged)).toContain("a page cannot be read");
  }
});
