import { describe, expect, test } from "bun:test";
import { parseHostList } from "./host-list.ts";

const parse = (text: string) => parseHostList(text, "kind", 7000);

describe("a list of hosts", () => {
  test("has a port for each host, its own or the kind's", () => {
    const { hosts, path } = parse("redis+kind://a,b:1, c , d:3 ,[::1],[::2]:2");
    expect(hosts.map(({ host, port }) => [host, port])).toEqual([
      ["a", 7000],
      ["b", 1],
      ["c", 7000],
      ["d", 3],
      ["::1", 7000],
      ["::2", 2],
    ]);
    expect(path).toBe("");
  });

  test("has the same credentials, database and TLS for all hosts, and what follows them", () => {
    const { hosts, path } = parse("rediss+kind://me:p@ss@a,b/name?db=3");
    const login = { user: "me", password: "p@ss", database: 3, isSecure: true };
    expect(hosts).toMatchObject([login, login]);
    expect(path).toBe("/name");
    expect(parse("redis+kind://a").hosts[0]).not.toHaveProperty("password");
  });

  test.each([
    ["redis+kind://", "redis"],
    ["rediss+kind://a,,b", "rediss"],
    ["valkey+kind://a, ", "valkey"],
    ["kind", "redis"],
  ])("%s is refused: it names no host", (text, scheme) => {
    expect(() => parse(text)).toThrow(
      new RangeError(
        `origin names no host, or an empty one; the form is ${scheme}+kind://host:port,host:port`,
      ),
    );
  });
});
