/** Connections of one listener execute with the same request, parsers and writers: none may notice. */
import { expect, test } from "bun:test";
import { ByteClient } from "../../test/support/byte-client.ts";
import { LocalServer } from "../../test/support/local-server.ts";
import { SeededRandom } from "../lib/random.ts";

const CLIENTS = 12;
const REQUESTS = 40;

interface Talk {
  readonly client: ByteClient;
  readonly requests: string;
  readonly replies: string;
}

/** What one client asks, and what it is to be answered. */
function script(index: number): { requests: string; replies: string } {
  const numbers = Array.from({ length: REQUESTS }, (_, i) => `${index}-${i}`);
  if (index % 3 === 0) {
    return {
      requests: numbers.map((n) => `PUT ${n}=v${n}\nGET ${n}\n`).join(""),
      replies: numbers.map((n) => `OK\nv${n}\n`).join(""),
    };
  }
  const isVersion3 = index % 3 === 1;
  const missing = isVersion3 ? "_\r\n" : "$-1\r\n";
  return {
    requests: numbers.map((n) => `${request("ECHO", n)}${request("GET", `none ${n}`)}`).join(""),
    replies: numbers.map((n) => `$${n.length}\r\n${n}\r\n${missing}`).join(""),
  };
}

function request(...args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

test("requests that come in pieces, those of one client in the midst of another's", async () => {
  await using local = new LocalServer({ limits: { textSilenceMs: 3_600_000 } });
  const random = new SeededRandom(3);
  const { registry } = local.server;
  const talks: Talk[] = [];
  for (let index = 0; index < CLIENTS; index++) {
    const client = await ByteClient.connect(local.port);
    if (index % 3 === 1) {
      client.send(request("HELLO", "3") + request("ECHO", "ready"));
      while (!client.text.endsWith("ready\r\n")) await client.bytes(client.text.length + 1);
    }
    talks.push({ client, ...script(index) });
  }
  const greeted = talks.map(({ client }) => client.text.length);
  const sent = talks.map(() => 0);
  for (;;) {
    const unfinished = talks.flatMap(({ requests }, index) =>
      sent[index]! < requests.length ? [index] : [],
    );
    if (unfinished.length === 0) break;
    const index = unfinished[random.below(unfinished.length)]!;
    const { client, requests } = talks[index]!;
    const piece = requests.slice(sent[index]!, sent[index]! + 1 + random.below(30));
    sent[index]! += piece.length;
    const before = registry.bytesReceived;
    client.send(piece);
    while (registry.bytesReceived < before + piece.length) await new Promise(setImmediate);
  }
  for (const [index, { client, replies }] of talks.entries()) {
    const all = await client.bytes(greeted[index]! + replies.length);
    expect(all.slice(greeted[index]!)).toBe(replies);
    client.close();
  }
});
