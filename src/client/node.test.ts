/** The published library, built by the project's own configuration and run by Node. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { installClientLibrary, runTool } from "../../test/support/client-build.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { requireNode } from "../../test/support/requirements.ts";
import { bulk, FakeServer, type Script } from "./fake-server-fixture.ts";

const ROOT = join(import.meta.dir, "../..");
const node = requireNode(20);

/** A user's program in JavaScript. The test checks every line that it prints. */
const PROGRAM = `
import { connect, ReplyError, TimeoutError, UnknownOutcomeError } from "glasscache/client";

const tell = (...words) => console.log(JSON.stringify(words));
const client = await connect({ url: process.argv[2], reconnect: { firstDelayMs: 1 } });
tell("server", client.server.name);
await client.put("a", "välue");
tell("get", await client.get("a"));
tell("bytes", [...(await client.get("a", { as: "bytes" })).value]);
tell("delete", await client.delete("a"));
const many = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.command("ECHO", "word " + i)));
tell("many", many.every((word, i) => word === "word " + i));
const large = "x".repeat(5_000_000);
tell("large", (await client.command("ECHO", large)) === large);
const late = await client.get("late", { timeoutMs: 20 }).catch((error) => error);
tell("late", late instanceof TimeoutError, late.message.replace(/127[^ ]*/, "ADDRESS"));
const refused = await client.command("FAIL").catch((error) => error);
tell("error", refused instanceof ReplyError, refused.code);
const cut = await client.put("cut", "x").catch((error) => error);
tell("cut", cut instanceof UnknownOutcomeError);
const entries = [];
for await (const entry of client.dump({ batch: 1 })) entries.push(entry);
tell("dump", entries);
await client.close();
const nobody = await connect({ host: "127.0.0.1", port: 1 }).catch((error) => error);
tell("nobody", nobody.code);
`;

/** A user's program in TypeScript, with the types of the build. */
const TYPED_PROGRAM = `
import { type ClientEvent, connect, type Found, type Reply } from "glasscache/client";

export async function use(): Promise<string | null> {
  await using client = await connect({ port: 8080, onEvent: (event: ClientEvent) => void event.type });
  await client.put("a", new Uint8Array(1), { ttlMs: 1000 });
  const bytes: Found<Uint8Array> = await client.get("a", { as: "bytes" });
  const reply: Reply = await client.command("TTL", "a", bytes.value ?? "", 5, 5n);
  for await (const [key, value] of client.dump()) if (key.length > value.length) return String(reply);
  const { value, source } = await client.get("a");
  return source === "hit" ? value : null;
}
`;

const script: Script = ([name, key], peer) => {
  switch (name) {
    case "GET":
      return key === "late" ? undefined : `|1\r\n$6\r\nsource\r\n$3\r\nhit\r\n${bulk("välue")}`;
    case "SET":
      if (key === "cut") peer.cut();
      return key === "cut" ? undefined : "+OK\r\n";
    case "DEL":
      return ":1\r\n";
    case "SCAN":
      return key === "0" ? `*2\r\n${bulk("7")}*1\r\n${bulk("k1")}` : `*2\r\n${bulk("0")}*1\r\n${bulk("k2")}`;
    case "MGET":
      return `*1\r\n${bulk(`value of ${key}`)}`;
    case "ECHO":
      return bulk(key ?? "");
    case "FAIL":
      // After the reply to the cancelled read.
      return `_\r\n-WRONGTYPE no\r\n`;
    default:
      return "+OK\r\n";
  }
};

describe.skipIf(!node.available)(node.title("the published library on Node"), () => {
  const directory = new TemporaryDirectory();
  afterAll(() => directory[Symbol.dispose]());

  beforeAll(() => installClientLibrary(directory.path));

  test("does the same", async () => {
    await Bun.write(join(directory.path, "program.js"), PROGRAM);
    await using server = await FakeServer.start(script);
    const child = Bun.spawn([node.path, "program.js", `glasscache://127.0.0.1:${server.port}`], {
      cwd: directory.path,
      stderr: "inherit",
    });
    const lines = (await child.stdout.text()).trim().split("\n");
    expect(await child.exited).toBe(0);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      ["server", "fake"],
      ["get", { value: "välue", source: "hit" }],
      ["bytes", [...new TextEncoder().encode("välue")]],
      ["delete", true],
      ["many", true],
      ["large", true],
      ["late", true, "no reply from ADDRESS within 20 ms"],
      ["error", true, "WRONGTYPE"],
      ["cut", true],
      [
        "dump",
        [
          ["k1", "value of k1"],
          ["k2", "value of k2"],
        ],
      ],
      ["nobody", "ECONNREFUSED"],
    ]);
  });

  test("has the types it says", async () => {
    await Bun.write(join(directory.path, "program.ts"), TYPED_PROGRAM);
    const options = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,esnext.disposable"];
    const types = ["--typeRoots", join(ROOT, "node_modules/@types"), "--types", "node"];
    const modules = ["--module", "nodenext"];
    runTool(["tsc", ...options, ...modules, ...types, "program.ts"], directory.path);
  });
});
