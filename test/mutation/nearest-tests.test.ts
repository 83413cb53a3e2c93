import { expect, test } from "bun:test";
import { blankOut } from "../support/source-text.ts";
import { Uses } from "./nearest-tests.ts";

function usesOf(files: Record<string, string>): Uses {
  return new Uses(Object.entries(files).map(([path, text]) => ({ path, text, code: blankOut(text) })));
}

test("the nearest tests come first, and only those that run the file", () => {
  const uses = usesOf({
    "src/a/one.ts": "",
    "src/a/two.ts": 'import "./one.ts";',
    "src/a/one.test.ts": 'import "./one.ts";',
    "src/a/two.test.ts": 'import "./two.ts";',
    "src/a/deep/three.test.ts": 'import "../two.ts";',
    "src/a/types.test.ts": 'import type { A } from "./one.ts";',
    "src/b/four.ts": 'import { two } from "../a/two.ts";',
    "src/b/four.test.ts": 'import "./four.ts";',
    "src/cli/main.ts": 'import "../b/four.ts";',
    "test/worker.test.ts": 'new Worker(new URL("../src/b/four.ts", import.meta.url));',
    "test/program.test.ts": 'spawn(join(ROOT, "bin/glasscache"));',
    "test/fixture.test.ts": 'spawn(join(import.meta.dir, "../src/a/one.ts"));',
    "test/other.test.ts": "",
  });
  expect(uses.testsOf("src/a/one.ts")).toEqual([
    "src/a/one.test.ts",
    "src/a/two.test.ts",
    "src/a/deep/three.test.ts",
    "src/b/four.test.ts",
    "test/fixture.test.ts",
    "test/worker.test.ts",
    "test/program.test.ts",
  ]);
});
