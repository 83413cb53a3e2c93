import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockDirectory } from "./directory-lock.ts";

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "glasscache-lock-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** A process that claims a directory and reports the result. */
async function claim(directory: string): Promise<{ said: string; end: () => Promise<void> }> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(join(import.meta.dir, "directory-lock.ts"))});
    const said = await lockDirectory(process.argv[1]).then(() => "claimed", (error) => error.message);
    process.stdout.write(said);
    setInterval(() => {}, 1e6);`;
  const child = Bun.spawn([process.execPath, "-e", script, directory], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  const end = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { said: new TextDecoder().decode(value), end };
}

test("a directory belongs to one process until that dies, whatever is deleted in it", async () => {
  const directory = join(scratch, "data");
  mkdirSync(directory);
  const first = await claim(directory);
  expect(first.said).toBe("claimed");
  for (const deletes of [false, true]) {
    if (deletes) for (const name of readdirSync(directory)) rmSync(join(directory, name));
    const second = await claim(directory);
    expect(second.said).toContain("is in use by another process");
    await second.end();
  }
  await first.end();
  const third = await claim(directory);
  expect(third.said).toBe("claimed");
  await third.end();
});

test("an earlier version, which looks at owner.lock alone, is kept out, and keeps out", async () => {
  const directory = join(scratch, "earlier");
  mkdirSync(directory);
  const claimAsBefore = (): Database => {
    const lock = new Database(join(directory, "owner.lock"));
    try {
      lock.run("BEGIN EXCLUSIVE");
      return lock;
    } catch (error) {
      lock.close();
      throw error;
    }
  };
  const release = await lockDirectory(directory);
  expect(claimAsBefore).toThrow("database is locked");
  release();
  const earlier = claimAsBefore();
  await expect(lockDirectory(directory)).rejects.toThrow("is in use by another process");
  earlier.close();
  // The attempt that failed has left nothing locked.
  (await lockDirectory(directory))();
});
