import { expect, test } from "bun:test";
import { LocalServer } from "../../test/support/local-server.ts";

test("sets, gets and deletes", async () => {
  await using local = new LocalServer();
  const client = await local.client();
  expect(await client.ask("SET", "a", "1")).toBe("OK");
  expect(await client.ask("get", "a")).toBe("1");
  expect(await client.ask("DEL", "a", "b")).toBe(1);
  expect(await client.ask("get", "a")).toBe(null);
});

test("both protocols share the keys", async () => {
  await using local = new LocalServer();
  const client = await local.client({ version: 3 });
  const text = await local.textClient();
  expect(await text.ask("PUT a=1")).toBe("OK");
  expect(await client.ask("get", "a")).toBe("1");
  expect(await client.ask("set", "b", "2")).toBe("OK");
  expect(await text.ask("GET b")).toBe("2");
  expect(await text.ask("DUMP")).toBe('{"a":"1","b":"2"}');
  expect(await text.ask("DELETE b")).toBe("OK");
  expect(await text.ask("GET b")).toBe("No such key found");
});
