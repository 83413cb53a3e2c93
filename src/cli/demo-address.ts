import type { Client } from "../client/client.ts";

/** Returns a client's own address, as the other side sees it: `127.0.0.1:60866`. */
export async function addressOf(client: Client): Promise<string> {
  const [, address] = /\baddr=(\S+)/.exec(String(await client.command("CLIENT", "INFO"))) ?? [];
  if (address === undefined) throw new Error("CLIENT INFO shows no address");
  return address;
}
