import { describe, expect, test } from "bun:test";
import { refuseUnknownVariables, strangeVariables } from "./environment.ts";
import { problemsOf } from "./problems-fixture.ts";

const KNOWN = {
  proxy: new Set(["port", "max-value", "memory"]),
  client: new Set(["port", "json"]),
};

const problems = (environment: Record<string, string>) => {
  try {
    refuseUnknownVariables(environment, KNOWN);
    return [];
  } catch {
    return problemsOf(() => refuseUnknownVariables(environment, KNOWN));
  }
};

describe("a variable of this program's that is no setting", () => {
  test.each([
    [
      "GLASSCACHE_PROXY_PRT",
      "GLASSCACHE_PROXY_PRT: there is no such setting; did you mean GLASSCACHE_PROXY_PORT?",
    ],
    // What it has in common with all names of the subcommand makes it similar to none.
    ["GLASSCACHE_PROXY_FOO", "GLASSCACHE_PROXY_FOO: there is no such setting"],
    ["GLASSCACHE_PROXY_COLOUR", "GLASSCACHE_PROXY_COLOUR: there is no such setting"],
    // A setting of another subcommand.
    ["GLASSCACHE_CLIENT_MEMORY", "GLASSCACHE_CLIENT_MEMORY: there is no such setting"],
    [
      "GLASSCACHE_MAX_VALU",
      "GLASSCACHE_MAX_VALU: there is no such setting; did you mean GLASSCACHE_MAX_VALUE?",
    ],
    ["GLASSCACHE_MEMROY", "GLASSCACHE_MEMROY: there is no such setting; did you mean GLASSCACHE_MEMORY?"],
  ])("%s", (name, message) => {
    expect(problems({ [name]: "1" })).toEqual([message]);
  });

  test("several are reported at once; empty ones count as absent", () => {
    const found = problems({ GLASSCACHE_PROXY_A: "1", GLASSCACHE_PROXY_BB: "2", GLASSCACHE_PROXY_C: "" });
    expect(found.map((line) => line.split(":")[0])).toEqual(["GLASSCACHE_PROXY_A", "GLASSCACHE_PROXY_BB"]);
  });
});

test("known variables, and those of other programs", () => {
  const environment = {
    GLASSCACHE_CONFIG: "c.json",
    GLASSCACHE_PORT: "1",
    GLASSCACHE_PROXY_PORT: "1",
    GLASSCACHE_CLIENT_JSON: "yes",
    GLASSCACHE_FUZZ_SEED: "1",
    PROXY_PRT: "1",
    // Variables that Kubernetes sets for services named glasscache and glasscache-proxy.
    GLASSCACHE_SERVICE_HOST: "10.0.0.1",
    GLASSCACHE_PROXY_SERVICE_HOST: "10.0.0.1",
    GLASSCACHE_PROXY_SERVICE_PORT: "8080",
    GLASSCACHE_PROXY_SERVICE_PORT_RESP: "8080",
    GLASSCACHE_PROXY_PORT_8080_TCP: "tcp://10.0.0.1:8080",
    GLASSCACHE_PROXY_PORT_8080_TCP_ADDR: "10.0.0.1",
  };
  expect(problems(environment)).toEqual([]);
});

test("one subcommand accepts the variables of the others", () => {
  const client = { name: "client", settingNames: KNOWN.client };
  expect(strangeVariables({ GLASSCACHE_PORT: "1", GLASSCACHE_CLIENT_JSON: "1" }, client)).toEqual([]);
  expect(strangeVariables({ GLASSCACHE_MEMORY: "1", HOME: "/" }, client)).toEqual(["GLASSCACHE_MEMORY"]);
});
