import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { readConfigFile } from "./config-file.ts";
import { problemsOf } from "./problems-fixture.ts";

describe("a configuration file", () => {
  const directory = new TemporaryDirectory();
  afterAll(() => directory[Symbol.dispose]());
  const known = { server: new Set(["port", "data"]), proxy: new Set(["port", "max-value"]) };

  async function read(content: string) {
    const path = join(directory.path, "c.json");
    await Bun.write(path, content);
    return () => readConfigFile(path, "--config", known);
  }

  test("settings for all and for one; comments and trailing commas are let pass", async () => {
    const file = (await read('{ "data": "d", // where\n "proxy": { "port": 1, }, }'))();
    expect(file.common).toEqual({ data: "d" });
    expect(file.sections).toEqual({ proxy: { port: 1 } });
  });

  test("unknown names are reported", async () => {
    const path = join(directory.path, "c.json");
    const content = '{ "prt": 1, "proxy": { "data": "d" }, "server": 5, "constructor": 1 }';
    expect(problemsOf(await read(content))).toEqual([
      `"server" in ${path}: must be an object with the settings of server`,
      `"data" of "proxy" in ${path}: there is no such setting`,
      `"prt" in ${path}: there is no such setting`,
      `"constructor" in ${path}: there is no such setting`,
    ]);
  });

  test("values that are not single ones are reported", async () => {
    const path = join(directory.path, "c.json");
    const content = '{ "port": null, "proxy": { "max-value": ["1"], "port": {} } }';
    expect(problemsOf(await read(content))).toEqual([
      `"port" in ${path}: must be a single value, not null`,
      `"port" of "proxy" in ${path}: must be a single value, not an object`,
      `"max-value" of "proxy" in ${path}: must be a single value, not a list`,
    ]);
  });

  test("a file that cannot be read is reported", async () => {
    const path = join(directory.path, "c.json");
    expect(problemsOf(await read("[1]"))).toEqual([`--config: "${path}" must hold one JSON object`]);
    expect(problemsOf(await read('{ "port": }'))[0]).toStartWith(`--config: "${path}" is not JSON: `);
    expect(problemsOf(() => readConfigFile("/nowhere.json", "GLASSCACHE_CONFIG", known))).toEqual([
      'GLASSCACHE_CONFIG: cannot read "/nowhere.json": there is no such file',
    ]);
    expect(problemsOf(() => readConfigFile(directory.path, "--config", known))).toEqual([
      `--config: cannot read "${directory.path}": it is a directory`,
    ]);
  });
});
