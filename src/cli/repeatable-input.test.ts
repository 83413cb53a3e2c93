import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { TemporaryDirectory } from "../../test/support/program.ts";
import type { RecordSource } from "../replay/records.ts";
import { RepeatableInput } from "./repeatable-input.ts";

async function* stream(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

async function countRecords(source: RecordSource): Promise<number> {
  let records = 0;
  await source.read((batch) => {
    records += batch.count;
    return true;
  });
  return records;
}

test("standard input is read any number of times, and its copy has no name", async () => {
  using directory = new TemporaryDirectory();
  using input = new RepeatableInput(stream("a\nb", "b\nc\n"), directory.path);
  const source = await input.open({ format: "keys" });
  for (let reading = 0; reading < 3; reading++) {
    expect(await countRecords(source)).toBe(3);
    expect(readdirSync(directory.path)).toEqual([]);
  }
});

test("a reading that ends early leaves its part to later ones", async () => {
  using directory = new TemporaryDirectory();
  const lines = Array.from({ length: 100_000 }, (_, i) => `${i}\n`).join("");
  using input = new RepeatableInput(stream(lines), directory.path);
  const source = await input.open({ format: "keys", limit: 70_000 });
  for (let reading = 0; reading < 3; reading++) expect(await countRecords(source)).toBe(70_000);
});

test("a failure to copy is reported", () => {
  expect(() => new RepeatableInput(stream(), "/nowhere")).toThrow(
    "standard input has to be read twice, and cannot be copied into /nowhere (TMPDIR): there is no such file",
  );
});
