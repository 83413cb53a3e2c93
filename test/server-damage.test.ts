/** A server whose stored data is damaged does not start, says why, and starts with `--recover`. */
import { expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NEVER, setWhole } from "../src/engine/engine.ts";
import { FRAMES_AT } from "../src/engine/journal-format.ts";
import { LmdbEngine } from "../src/engine/lmdb.ts";
import { utf8 } from "../src/lib/bytes.ts";
import { systemClock } from "../src/lib/clock.ts";
import { SeededRandom } from "../src/lib/random.ts";
import { Program, TemporaryDirectory } from "./support/program.ts";
import { RespClient } from "./support/resp-client.ts";

const LAUNCHER = fileURLToPath(new URL("../bin/glasscache", import.meta.url));

function command(data: string, ...more: string[]): string[] {
  return [LAUNCHER, "server", "--host", "127.0.0.1", "--port", "0", "--data", data, ...more];
}

function start(data: string, ...more: string[]): Promise<{ program: Program; ready: number }> {
  return Program.start(
    command(data, ...more),
    (line) => (line.includes('"ready"') ? (JSON.parse(line).ready.port as number) : undefined),
    { env: { GLASSCACHE_LOG_FORMAT: "json" } },
  );
}

/** The end of a server that does not start. */
async function refusal(data: string): Promise<{ code: number; said: string }> {
  const child = Bun.spawn(command(data), { stdout: "pipe", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  return { code: await child.exited, said };
}

const COUNT = 60;

/** What a killed process leaves that wrote each key in a frame of its own, and none of them to the database. */
async function makeKilled(data: string): Promise<void> {
  const written = `${data}-written`;
  const engine = await LmdbEngine.open({
    directory: written,
    sync: "always",
    arenaBytes: 1024 ** 2,
    policy: "lru",
    clock: systemClock,
    random: new SeededRandom(1),
    onRemoval: () => undefined,
    intervalMs: 1e6,
  });
  for (let i = 0; i < COUNT; i++) {
    setWhole(engine, utf8(`key ${i}`), utf8("value"), NEVER);
    await engine.settle();
  }
  cpSync(written, data, { recursive: true });
  await engine.close();
}

/** What is done to the data, and what the server then says. */
const DAMAGES: readonly (readonly [string, (data: string) => void, RegExp])[] = [
  [
    "a flipped bit in the journal",
    (data) => {
      const bytes = readFileSync(join(data, "journal-odd"));
      bytes[FRAMES_AT + 30]! ^= 1;
      writeFileSync(join(data, "journal-odd"), bytes);
    },
    /journal-odd, byte 4136: [0-9]+ bytes in 1 frame cannot be read/,
  ],
  ["a journal that is gone", (data) => rmSync(join(data, "journal-odd")), /journal-odd: the file is missing/],
  [
    "a database cut in half",
    (data) => truncateSync(join(data, "data.mdb"), readFileSync(join(data, "data.mdb")).length / 2),
    /data.mdb, byte [0-9]+: a page/,
  ],
];

for (const [name, damage, says] of DAMAGES) {
  test(`${name}: exit code 1, nothing changed, and --recover`, async () => {
    using directory = new TemporaryDirectory();
    const data = join(directory.path, "data");
    await makeKilled(data);
    damage(data);
    const names = () => readdirSync(data).filter((file) => !/lock/.test(file));
    const before = names().map((file) => `${file} ${Bun.hash(readFileSync(join(data, file)))}`);
    const { code, said } = await refusal(data);
    expect(code).toBe(1);
    expect(said).toMatch(says);
    expect(said).toContain("Nothing has been changed.");
    expect(said).toContain("--recover");
    expect(names().map((file) => `${file} ${Bun.hash(readFileSync(join(data, file)))}`)).toEqual(before);

    const { program, ready: port } = await start(data, "--recover");
    await using _ = program;
    expect(program.output).toContain("is damaged");
    using client = await RespClient.connect({ port });
    expect(await client.must("DBSIZE")).toBe(
      name.includes("gone") ? 0 : COUNT - (name.includes("bit") ? 1 : 0),
    );
    await client.must("SET", "after", "value");
    expect(await program.end()).toBe(0);
    const { program: again } = await start(data);
    await again.end();
  }, 60_000);
}
