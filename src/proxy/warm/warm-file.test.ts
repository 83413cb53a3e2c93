/** The format of the file of warm keys, and what becomes of files that are damaged. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { TemporaryDirectory } from "../../../test/support/program.ts";
import { checkWarmPath, WarmFile, WarmFileDraft, WarmFileError } from "./warm-file.ts";
import { WARM_MAGIC, WARM_VERSION, WarmBlocks, WarmFormatError } from "./warm-format.ts";

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());
let files = 0;
const ORIGIN = { origin: "redis.example:6379", database: 3 };

function newPath(): string {
  return join(directory.path, `file-${files++}`);
}

/** Writes keys, each with its place in one order, as a shard's. */
async function write(
  path: string,
  shards: readonly (readonly Uint8Array[])[],
  keepsOther = false,
): Promise<void> {
  const draft = await WarmFileDraft.create(path, ORIGIN);
  const blocks = new WarmBlocks();
  for (const keys of shards) {
    for (const [i, key] of keys.entries()) {
      const rank = i / Math.max(1, keys.length - 1);
      blocks.add(key, i, rank);
      const block = blocks.isFull || i === keys.length - 1 ? blocks.close(rank) : undefined;
      if (block !== undefined) await draft.append(block);
    }
  }
  await draft.append(blocks.trailer());
  await draft.finish(keepsOther);
}

async function readAll(path: string): Promise<{ keys: Uint8Array[]; uses: number[]; file: WarmFile }> {
  const file = (await WarmFile.open(path))!;
  const keys: Uint8Array[] = [];
  const uses: number[] = [];
  for (const block of file.blocks)
    for (const { key, reads } of await file.read(block)) {
      keys.push(key);
      uses.push(reads);
    }
  await file.close();
  return { keys, uses, file };
}

const someKeys = Array.from({ length: 5000 }, (_, i) => new TextEncoder().encode(`key number ${i}`));
const anyKey = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.nat(65_535).map((length) => new Uint8Array(length).fill(length)),
);

describe("a file of warm keys", () => {
  test("that cannot be begun leaves nothing behind when its error is told", async () => {
    const path = newPath();
    const script = [
      `const { WarmFileDraft } = await import(${JSON.stringify(join(import.meta.dir, "warm-file.ts"))});`,
      `const error = await WarmFileDraft.create(${JSON.stringify(path)}, ${JSON.stringify(ORIGIN)}).catch((e) => e);`,
      'console.log(error.code, require("node:fs").readdirSync(process.argv[1]).length);',
    ].join("\n");
    const folder = join(path, "..");
    // No file may become as long as a block, which the system counts as a full disk.
    const limited = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    const before = readdirSync(folder).length;
    const child = Bun.spawn(["bash", "-c", limited, "bash", process.execPath, "-e", script, folder], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    expect(await new Response(child.stdout).text()).toBe(`EFBIG ${before}\n`);
  });

  test("tells the keys that were written, whatever bytes they are of, in their order", async () => {
    const property = fc.asyncProperty(fc.array(anyKey, { maxLength: 300, size: "medium" }), async (keys) => {
      const path = newPath();
      await write(path, [keys]);
      const { keys: read, uses, file } = await readAll(path);
      expect(read.map((key) => Buffer.from(key).toString("hex"))).toEqual(
        keys.map((key) => Buffer.from(key).toString("hex")),
      );
      expect(uses).toEqual(keys.map((_, i) => Math.min(255, i)));
      expect(file.keys).toBe(keys.length);
      expect(file.origin).toEqual(ORIGIN);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test("merges several parts of the cache by rank", async () => {
    const path = newPath();
    await write(path, [someKeys, someKeys.map((key) => new Uint8Array([...key, 1])), someKeys.slice(0, 10)]);
    const file = (await WarmFile.open(path))!;
    const firsts = file.blocks.map(({ firstRank }) => firstRank);
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
    expect(file.keys).toBe(10_010);
    await file.close();
  });

  test("can be read by its owner alone", async () => {
    const path = newPath();
    await write(path, [someKeys]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("there is none: nothing to read", async () => {
    expect(await WarmFile.open(newPath())).toBeUndefined();
  });

  test("cut short anywhere, it is known to be", async () => {
    const path = newPath();
    await write(path, [someKeys]);
    const whole = readFileSync(path);
    for (
      let length = 0;
      length < whole.length;
      length += length < 200 || length > whole.length - 50 ? 1 : 997
    ) {
      writeFileSync(path, whole.subarray(0, length));
      await expect(WarmFile.open(path)).rejects.toThrow(new WarmFormatError("was cut short"));
    }
  });

  test("with any byte changed it is refused, in one line", async () => {
    const path = newPath();
    await write(path, [someKeys.slice(0, 300)]);
    const whole = readFileSync(path);
    const property = fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, by) => {
        const damaged = new Uint8Array(whole);
        damaged[at]! ^= by;
        writeFileSync(path, damaged);
        const error = await WarmFile.open(path).then(
          () => undefined,
          (thrown: Error) => thrown,
        );
        expect(error).toBeInstanceOf(WarmFormatError);
        expect(error!.message).toMatch(
          /^(is damaged|was cut short|is not a file of warm keys|has version \d+ of its format)/,
        );
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  test("of another version it is refused by that name", async () => {
    const path = newPath();
    await write(path, [someKeys]);
    const other = readFileSync(path);
    other.writeUInt32LE(7, WARM_MAGIC.length);
    writeFileSync(path, other);
    const wanted = `has version 7 of its format, and this program reads version ${WARM_VERSION}`;
    await expect(WarmFile.open(path)).rejects.toThrow(wanted);
    // The program starts: the file is kept.
    checkWarmPath(path);
  });

  test("stays what it was until another one is whole", async () => {
    const path = newPath();
    await write(path, [someKeys]);
    const before = readFileSync(path);
    const draft = await WarmFileDraft.create(path, ORIGIN);
    await draft.append(new Uint8Array(1000));
    expect(readFileSync(path).equals(before)).toBe(true);
    await draft.discard();
    expect(readFileSync(path).equals(before)).toBe(true);
    await write(path, [someKeys.slice(0, 3)], true);
    expect((await readAll(path)).keys.length).toBe(3);
    expect(readFileSync(`${path}.unused`).equals(before)).toBe(true);
  });

  test("what a killed program left behind is replaced, and a link is not followed", async () => {
    const path = newPath();
    const victim = newPath();
    writeFileSync(victim, "precious");
    symlinkSync(victim, `${path}.new`);
    await write(path, [someKeys.slice(0, 3)]);
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect((await readAll(path)).keys.length).toBe(3);
  });
});

describe("the path of a file of warm keys", () => {
  test.each([
    ["a folder", () => directory.path, "is a folder; give a file"],
    ["in no folder", () => join(directory.path, "none", "file"), "there is no folder"],
    [
      "in a file",
      () => {
        const path = newPath();
        writeFileSync(path, "");
        return join(path, "file");
      },
      "there is no folder",
    ],
    ["a device", () => "/dev/null", "is no ordinary file"],
    [
      "somebody else's",
      () => {
        const path = newPath();
        writeFileSync(path, "root:x:0:0:root:/root:/bin/bash\n");
        return path;
      },
      "is not a file of warm keys; give another name",
    ],
  ])("%s is refused in one line", (_, make, problem) => {
    const path = make();
    expect(() => checkWarmPath(path)).toThrow(WarmFileError);
    expect(() => checkWarmPath(path)).toThrow(`${path}: ${problem}`);
  });

  test.skipIf(process.getuid?.() === 0)("in a folder that cannot be written to is refused", () => {
    const folder = newPath();
    mkdirSync(folder, { mode: 0o500 });
    expect(() => checkWarmPath(join(folder, "file"))).toThrow("no file can be written to the folder");
  });

  test("of no file yet, an empty one, or one that was cut short is right", () => {
    const path = newPath();
    checkWarmPath(path);
    writeFileSync(path, "");
    checkWarmPath(path);
    writeFileSync(path, WARM_MAGIC.slice(0, 5));
    checkWarmPath(path);
  });
});
