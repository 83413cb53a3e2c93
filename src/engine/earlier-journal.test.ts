import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1, utf8 } from "../lib/bytes.ts";
import { findEarlierJournal, replayEarlierJournal } from "./earlier-journal.ts";
import { version1Frame, version2File } from "./journal-fixture.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "glasscache-earlier-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function found(after: number, wasAlways = false): { keys: string[]; voidBytes: number; damages: string[] } {
  const journal = findEarlierJournal(directory, after, wasAlways);
  const keys: string[] = [];
  replayEarlierJournal(journal, {
    put: (key) => keys.push(latin1(key)),
    remove: (key) => keys.push(`remove ${latin1(key)}`),
    removeAll: () => keys.push("remove all"),
  });
  return {
    keys,
    voidBytes: journal.voidBytes,
    damages: journal.damages.map(({ file, at }) => `${file} ${at}`),
  };
}

test("files of format 1 are read, up to the first damage", () => {
  const frame = (key: string) => version1Frame(utf8(key), utf8("value"));
  writeFileSync(join(directory, "journal-5"), Uint8Array.of(...frame("a"), ...frame("b")));
  writeFileSync(join(directory, "journal-6"), frame("c"));
  expect(found(4)).toEqual({ keys: ["a", "b", "c"], voidBytes: 0, damages: [] });
  expect(found(5).keys).toEqual(["c"]);
  writeFileSync(join(directory, "journal-10"), frame("behind a gap"));
  expect(found(4)).toEqual({ keys: ["a", "b", "c"], voidBytes: frame("behind a gap").length, damages: [] });
  rmSync(join(directory, "journal-10"));
  truncateSync(join(directory, "journal-5"), 2 * frame("a").length - 1);
  expect(found(4)).toEqual({
    keys: ["a"],
    voidBytes: frame("a").length - 1 + frame("c").length,
    damages: [],
  });
});

describe("files of format 2", () => {
  const put = (key: string) => [utf8(key), utf8("value")] as const;
  const FRAME_BYTES = version2File(1, 0, [put("a")]).length - 32;

  function write(file: Uint8Array, number: number): void {
    writeFileSync(join(directory, number % 2 === 0 ? "journal-even" : "journal-odd"), file);
  }

  test("are read in order, without the remains of an earlier use", () => {
    const first = version2File(5, 0, [put("a"), put("b")]);
    write(Buffer.concat([first, version2File(3, 0, [put("old")]).subarray(32)]), 5);
    write(version2File(6, first.length, [put("c")]), 6);
    for (const wasAlways of [true, false]) {
      expect(found(4, wasAlways)).toEqual({ keys: ["a", "b", "c"], voidBytes: 0, damages: [] });
      expect(found(5, wasAlways)).toEqual({ keys: ["c"], voidBytes: 0, damages: [] });
      expect(found(6, wasAlways)).toEqual({ keys: [], voidBytes: 0, damages: [] });
    }
  });

  test("that are broken with a whole frame behind are damaged if each frame was on disk before the next", () => {
    const whole = version2File(5, 0, [put("a"), put("b"), put("c")]);
    const next = version2File(6, whole.length, [put("d")]);
    for (let at = 0; at < whole.length; at++) {
      const broken = Uint8Array.from(whole);
      broken[at]! ^= 1 << (at % 8);
      write(broken, 5);
      write(next, 6);
      const frame = at < 32 ? 0 : Math.floor((at - 32) / FRAME_BYTES);
      const before = at < 32 ? [] : ["a", "b", "c"].slice(0, frame);
      const asAlways = found(4, true);
      expect(asAlways.damages.length).toBeGreaterThan(0);
      expect(asAlways.damages[0]).toBe(
        at < 32
          ? "journal-odd 0"
          : frame === 2
            ? "journal-even 0"
            : `journal-odd ${32 + frame * FRAME_BYTES}`,
      );
      // Recovered, all whole frames are taken.
      expect(asAlways.keys).toEqual(at < 32 ? ["d"] : ["a", "b", "c", "d"].filter((_, i) => i !== frame));
      // A header that cannot be read is damage anyway: a crash leaves an earlier one.
      const asInterval = found(4, false);
      expect(asInterval.keys).toEqual(at < 32 ? ["d"] : before);
      expect(asInterval.damages).toEqual(at < 32 ? ["journal-odd 0"] : []);
    }
  });

  test("that end in the middle of a frame are torn", () => {
    const whole = version2File(5, 0, [put("a"), put("b"), put("c")]);
    for (let length = 32; length < whole.length; length++) {
      write(whole.subarray(0, length), 5);
      const frames = Math.floor((length - 32) / FRAME_BYTES);
      const { keys, damages } = found(4, true);
      expect(keys).toEqual(["a", "b", "c"].slice(0, frames));
      expect(damages).toEqual([]);
    }
  });
});
