import { expect, test } from "bun:test";
import { join } from "node:path";
import { filesOf, ROOMS } from "./rooms.ts";

test("every room has production files, and no tests among them", () => {
  for (const room of ROOMS) {
    const files = filesOf(join(import.meta.dir, "../.."), room);
    expect(files.length, room.name).toBeGreaterThan(5);
    expect(files.filter((path) => /\.test\.|fixture/.test(path))).toEqual([]);
  }
});
