import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../lib/bytes.ts";
import { systemDisk } from "./journal-disk.ts";

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "glasscache-disk-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe("the system's disk", () => {
  test("makes only new files, writes at a position, cuts and removes", async () => {
    const path = join(scratch, "file");
    const file = systemDisk.make(path);
    expect(() => systemDisk.make(path)).toThrow("EEXIST");
    expect(systemDisk.write(file, utf8("..abc.."), 2, 3, 4)).toBe(3);
    expect(await systemDisk.writeElsewhere(file, utf8(".defg"), 1, 4, 7)).toBe(4);
    await systemDisk.synchronize(file);
    expect(readFileSync(path, "latin1")).toBe("\0\0\0\0abcdefg");
    systemDisk.truncate(file, 6);
    expect(readFileSync(path, "latin1")).toBe("\0\0\0\0ab");
    systemDisk.close(file);
    const directory = systemDisk.openDirectory(scratch);
    await systemDisk.synchronize(directory);
    systemDisk.close(directory);
    systemDisk.remove(path);
    expect(() => readFileSync(path)).toThrow("ENOENT");
  });

  // A test cannot see what has reached a disk. But the call that synchronizes refuses a descriptor that is no file.
  test("calls the operating system to synchronize, and reports failures", async () => {
    const closed = systemDisk.make(join(scratch, "closed"));
    systemDisk.close(closed);
    await expect(systemDisk.synchronize(closed)).rejects.toThrow("EBADF");
    if (process.platform !== "linux") return;
    const device = openSync("/dev/null", "w");
    await expect(systemDisk.synchronize(device)).rejects.toThrow("EINVAL");
    closeSync(device);
  });
});
