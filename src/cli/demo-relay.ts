import { connect, createServer, type Server, type Socket } from "node:net";

/** Most bytes waiting in one direction; beyond, the sender waits. */
const MOST_WAITING_BYTES = 1024 ** 2;

/** Stands between proxy and server. Makes the server seem further away: its replies arrive later, in order. */
export class DelayedRelay implements Disposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Of its connections, as the server sees them. */
  readonly #addresses = new Set<string>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens on a free port of 127.0.0.1.
   * @param port the server's port
   * @param delayMs delay of its replies; 0: none
   */
  static async start(port: number, delayMs: number): Promise<DelayedRelay> {
    const server = createServer((near) => relay.#join(near, port, delayMs));
    const relay = new DelayedRelay(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return relay;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Whether a client of the server, `address:port`, is the relay. */
  has(address: string): boolean {
    return this.#addresses.has(address);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, port: number, delayMs: number): void {
    const far = connect({ host: "127.0.0.1", port });
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    far.on("connect", () => {
      const address = `${far.localAddress}:${far.localPort}`;
      this.#addresses.add(address);
      far.on("close", () => this.#addresses.delete(address));
    });
    near.pipe(far);
    if (delayMs === 0) {
      far.pipe(near);
      return;
    }
    let waitingBytes = 0;
    // Timers of equal length run in the order in which they were set.
    far.on("data", (bytes: Uint8Array) => {
      waitingBytes += bytes.length;
      if (waitingBytes > MOST_WAITING_BYTES) far.pause();
      setTimeout(() => {
        waitingBytes -= bytes.length;
        if (near.destroyed) return;
        if (!near.write(bytes)) {
          far.pause();
          near.once("drain", () => far.resume());
        } else if (waitingBytes <= MOST_WAITING_BYTES) far.resume();
      }, delayMs);
    });
  }
}
