import type { Log } from "../../src/lib/log.ts";
import type { CachingProxy } from "../../src/proxy/proxy.ts";
import { type RunningProxy, type StartProxyOptions, startProxy } from "../../src/proxy/start.ts";
import { ByteClient } from "./byte-client.ts";
import { FrameClient } from "./frame-client.ts";
import { RespClient, type RespClientOptions } from "./resp-client.ts";
import { TextClient } from "./text-client.ts";
import { awaited } from "./until.ts";

export interface LocalProxyOptions extends Partial<Omit<StartProxyOptions, "origin" | "log">> {
  /** Where the origin is: its port on this machine, or its address as users give it. */
  readonly origin: number | string;
}

export interface LoggedMessage {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
}

/** Our proxy in the test's own process, on a free port. Its clients are closed with it. */
export class LocalProxy implements AsyncDisposable {
  readonly messages: LoggedMessage[] = [];
  readonly #clients: { close(): void; readonly closed?: Promise<void> }[] = [];
  #running: RunningProxy | undefined;
  #closed: Promise<void> | undefined;
  #waiters: { pattern: RegExp; from: number; resolve(message: string): void }[] = [];

  private constructor() {}

  static async start({ origin, ...options }: LocalProxyOptions): Promise<LocalProxy> {
    const local = new LocalProxy();
    local.#running = await startProxy({
      host: "127.0.0.1",
      port: 0,
      memoryBytes: 1024 * 1024,
      ...options,
      origin: typeof origin === "number" ? `127.0.0.1:${origin}` : origin,
      log: local.#log(),
    });
    return local;
  }

  /** As `start`, and waits until the origin has been reached. */
  static async ready(options: LocalProxyOptions): Promise<LocalProxy> {
    const local = await LocalProxy.start(options);
    await local.logged(/^connected to origin/);
    return local;
  }

  get proxy(): CachingProxy {
    return this.#running!.proxy;
  }

  get port(): number {
    return this.#running!.port;
  }

  /** Waits for a message of the log that matches, the `from`th of all messages or a later one. */
  logged(pattern: RegExp, from = 0): Promise<string> {
    const found = this.messages.slice(from).find(({ message }) => pattern.test(message));
    if (found !== undefined) return Promise.resolve(found.message);
    const what = () =>
      `a message ${pattern} behind ${this.messages.map(({ message }) => message).join("; ")}`;
    return awaited(new Promise((resolve) => this.#waiters.push({ pattern, from, resolve })), what);
  }

  async client(options: Omit<RespClientOptions, "port"> = {}): Promise<RespClient> {
    return this.#keep(await RespClient.connect({ port: this.port, ...options }));
  }

  async clients(count: number, options: Omit<RespClientOptions, "port"> = {}): Promise<RespClient[]> {
    return Promise.all(Array.from({ length: count }, () => this.client(options)));
  }

  async frameClient(): Promise<FrameClient> {
    return this.#keep(await FrameClient.connect(this.port));
  }

  async textClient(): Promise<TextClient> {
    return this.#keep(await TextClient.connect(this.port));
  }

  async byteClient(): Promise<ByteClient> {
    return this.#keep(await ByteClient.connect(this.port));
  }

  /** Ends all clients. */
  closeClients(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  /** Lets clients have the replies to what they have asked for, and ends. */
  drain(): Promise<void> {
    this.#closed ??= this.#running!.close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closeClients();
    await this.drain();
  }

  #keep<Client extends { close(): void }>(client: Client): Client {
    this.#clients.push(client);
    return client;
  }

  #log(): Log {
    const write = (level: LoggedMessage["level"]) => (fields: object | string, text?: string) => {
      const message = typeof fields === "string" ? fields : (text ?? "");
      this.messages.push({ level, message });
      this.#tell(message);
    };
    return { info: write("info"), warn: write("warn"), error: write("error") };
  }

  #tell(message: string): void {
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ pattern }) => !pattern.test(message));
    for (const { pattern, resolve } of waiters) if (pattern.test(message)) resolve(message);
  }
}
