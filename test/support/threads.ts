import { type StartThreadsOptions, Supervisor } from "../../src/proxy/threads/supervisor.ts";
import { RespClient } from "./resp-client.ts";

export interface Threads extends AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly messages: string[];
}

/** @param origin a server of this machine, or an address as users give it */
export async function startThreads(
  origin: { readonly port: number } | string,
  options: Partial<StartThreadsOptions> = {},
): Promise<Threads> {
  const messages: string[] = [];
  const log = (message: object | string): void => {
    messages.push(String(message));
  };
  const supervisor = await Supervisor.open({
    ...{ host: "127.0.0.1", port: 0, threads: 3, memoryBytes: 16 * 1024 ** 2 },
    ...options,
    origin: typeof origin === "string" ? origin : `127.0.0.1:${origin.port}`,
    log: { info: log, warn: log, error: log },
  });
  return { supervisor, messages, [Symbol.asyncDispose]: () => supervisor.close() };
}

/** A client of each thread: its id tells which thread has it. */
export async function clientOfEach({ port, threadCount }: Supervisor): Promise<RespClient[]> {
  const clients: RespClient[] = [];
  while (clients.filter(Boolean).length < threadCount) {
    const client = await RespClient.connect({ port });
    const thread = (Number(await client.must("CLIENT", "ID")) - 1) % threadCount;
    if (clients[thread] === undefined) clients[thread] = client;
    else client.close();
  }
  return clients;
}

export function infoField(info: unknown, name: string): string | undefined {
  return new RegExp(`^${name}:(.*)\r$`, "m").exec(String(info))?.[1];
}
