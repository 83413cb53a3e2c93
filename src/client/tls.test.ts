/** The client over TLS. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Authority, type IssuedIdentity } from "../../test/support/certificates.ts";
import { ScriptedService } from "../../test/support/scripted-service.ts";
import type { ClientCertificates } from "../lib/tls.ts";
import { startServer } from "../server/start.ts";
import { connect } from "./client.ts";
import { ConnectError } from "./errors.ts";

let authority: Authority;
let identity: IssuedIdentity;

beforeAll(() => {
  authority = new Authority();
  identity = authority.issue("server");
});

afterAll(() => authority[Symbol.dispose]());

async function server(clients: ClientCertificates) {
  const authorities = clients === "off" ? undefined : authority.certificate;
  const running = await startServer({
    ...{ engine: "memory", dataDirectory: "", sync: "always", memoryBytes: 64 * 1024 ** 2 },
    ...{ host: "127.0.0.1", port: 0 },
    tls: { settings: { identity, authorities, clients }, port: undefined },
  });
  return { port: running.port, [Symbol.asyncDispose]: () => running.close() };
}

test("stores and reads, small and large values, with a certificate of its own", async () => {
  await using running = await server("require");
  const { certificate: cert, key } = authority.issue("client");
  const url = `glasscaches://localhost:${running.port}`;
  const client = await connect({ url, tls: { ca: authority.certificate, cert, key } });
  const large = "v".repeat(10_000_000);
  await client.put("large", large);
  await client.put("key", "value");
  expect((await client.get("key")).value).toBe("value");
  expect((await client.get("large")).value === large).toBe(true);
  await client.close();
});

test("learns that it must show a certificate", async () => {
  await using running = await server("require");
  const connecting = connect({ port: running.port, tls: { ca: authority.certificate } });
  await expect(connecting).rejects.toThrow("this port requires a client certificate");
});

test("refuses servers that nobody vouches for, unless any will do", async () => {
  await using running = await server("off");
  const { port } = running;
  const refused = connect({ port, tls: true });
  await expect(refused).rejects.toThrow(ConnectError);
  await expect(refused).rejects.toThrow("nobody known vouches for its certificate; tls.ca names who does");
  const misnamed = connect({ port, tls: { ca: authority.certificate, servername: "elsewhere" } });
  await expect(misnamed).rejects.toThrow("its certificate is for other names; tls.servername says which");
  const careless = await connect({ port, tls: { rejectUnauthorized: false } });
  expect(await careless.command("EXISTS", "key")).toBe(0);
  await careless.close();
});

test("is told that a port does not speak TLS", async () => {
  using service = new ScriptedService();
  await expect(connect({ port: service.port, tls: true })).rejects.toThrow(ConnectError);
});
