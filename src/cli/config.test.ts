import { describe, expect, test } from "bun:test";
import { type ConfigSources, resolveConfig } from "./config.ts";
import { problemsOf } from "./problems-fixture.ts";
import { optionalSetting, port, setting, size, switchSetting, text } from "./setting.ts";

const SETTINGS = {
  port: setting(port(0), "8080", { description: "" }),
  maxValue: setting(size(), "64mb", { description: "" }),
  password: optionalSetting(text(), { description: "" }),
  json: switchSetting({ description: "" }),
};

const NOTHING: ConfigSources = { subcommand: "proxy", flags: {}, environment: {}, file: undefined };

function resolve(sources: Partial<ConfigSources>) {
  return resolveConfig(SETTINGS, { ...NOTHING, ...sources });
}

describe("precedence", () => {
  const file = {
    path: "c.json",
    common: { port: 1, "max-value": "1kb" },
    sections: { proxy: { port: 2 }, server: { port: 99 } },
  };
  const environment = { GLASSCACHE_PORT: "3", GLASSCACHE_PROXY_PORT: "4", GLASSCACHE_SERVER_PORT: "98" };

  test("defaults", () => {
    expect(resolve({}).values).toEqual({ port: 8080, maxValue: 64 * 1024 ** 2, json: false } as never);
  });

  test("each source over the one below it", () => {
    expect(resolve({ file: { ...file, sections: {} } }).values.port).toBe(1);
    expect(resolve({ file }).values.port).toBe(2);
    expect(resolve({ file, environment: { GLASSCACHE_PORT: "3" } }).values.port).toBe(3);
    expect(resolve({ file, environment }).values.port).toBe(4);
    const { values, labels } = resolve({ file, environment, flags: { port: "5", json: true } });
    expect(values.port).toBe(5);
    expect(values.json).toBe(true);
    expect(values.maxValue).toBe(1024);
    expect(labels).toMatchObject({ port: "--port", maxValue: '"max-value" in c.json' });
  });

  test("an empty variable counts as absent", () => {
    expect(
      resolve({ environment: { GLASSCACHE_PORT: "", GLASSCACHE_MAX_VALUE: "1mb" } }).values,
    ).toMatchObject({
      port: 8080,
      maxValue: 1024 ** 2,
    });
  });
});

test("every mistake is one line that names its source", () => {
  const file = { path: "c.json", common: { port: true }, sections: { proxy: { "max-value": "1 box" } } };
  expect(problemsOf(() => resolve({ file, environment: { GLASSCACHE_JSON: "perhaps" } }))).toEqual([
    '"port" in c.json: "true" is not a port: a number from 0 to 65535',
    '"max-value" of "proxy" in c.json: "1 box" is not a size such as 64mb, 1gb or 4096',
    'GLASSCACHE_JSON: "perhaps" is neither yes nor no',
  ]);
  expect(problemsOf(() => resolve({ flags: { port: "x", maxValue: "y" } }))).toEqual([
    '--port: "x" is not a port: a number from 0 to 65535',
    '--max-value: "y" is not a size such as 64mb, 1gb or 4096',
  ]);
});
