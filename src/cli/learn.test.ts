import { expect, test } from "bun:test";
import { join } from "node:path";
import { runGlasscache } from "../../test/support/command-line.ts";
import { Program } from "../../test/support/program.ts";

const LAUNCHER = join(import.meta.dir, "../../bin/glasscache");
const address = (line: string) => /The playground: (http:\S+:(\d+)\/learn) \(Ctrl-C ends it\)/.exec(line);

test("serves the playground until it is interrupted; a taken port is told with its flag", async () => {
  const { program, ready } = await Program.start(
    [LAUNCHER, "learn", "--port", "0"],
    (line) => address(line) ?? undefined,
  );
  const [, url, port] = ready;
  const page = await fetch(url!);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<title>Glasscache: the playground</title>");
  expect(await runGlasscache(["learn", "--port", port!])).toMatchObject({
    code: 1,
    stderr: `glasscache learn: cannot listen on 127.0.0.1:${port}: the port is in use by another program; choose another with --port\n`,
  });
  expect(await program.end("SIGINT")).toBe(0);
});
