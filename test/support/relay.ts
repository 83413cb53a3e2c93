import { connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../../src/lib/random.ts";
import { SeededRandom } from "../../src/lib/random.ts";

/** Which way bytes go: `up` from the client to the origin, `down` back. */
export type Direction = "up" | "down";

/**
 * What happens to bytes in one direction.
 * - `pass`: they go on at once.
 * - `delay`: each piece waits between `minMs` and `maxMs`; their order stays.
 * - `fragment`: as `delay`, and pieces are cut at random places first.
 * - `stall`: they wait until the mode changes.
 * - `swallow`: they vanish. A connection of which bytes have been swallowed passes nothing on in that direction any
 *   more, whatever the mode becomes: a stream with a hole in it does not exist in TCP.
 */
export type Mode =
  | { readonly kind: "pass" | "stall" | "swallow" }
  | { readonly kind: "delay" | "fragment"; readonly minMs: number; readonly maxMs: number };

export const PASS: Mode = { kind: "pass" };
export const STALL: Mode = { kind: "stall" };
export const SWALLOW: Mode = { kind: "swallow" };

/**
 * A TCP relay from a port of its own to another one, which can do to the bytes what networks do. Connections that
 * it refuses or cuts do not concern it.
 */
export class Relay implements Disposable {
  readonly port: number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #modes: Record<Direction, Mode> = { up: PASS, down: PASS };
  #accepted = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @param seed for delays and fragments */
  static start(targetPort: number, seed: number): Promise<Relay> {
    const random = new SeededRandom(seed);
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true }, (client) =>
        relay.#accept(client, targetPort, random),
      );
      let relay: Relay;
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        relay = new Relay(server, (server.address() as { port: number }).port);
        resolve(relay);
      });
    });
  }

  /** Connections accepted so far. */
  get acceptedCount(): number {
    return this.#accepted;
  }

  get connectionCount(): number {
    return this.#links.size;
  }

  /** Sets what happens from now on, to connections that are open and to later ones. */
  setMode(direction: Direction | "both", mode: Mode): void {
    for (const each of direction === "both" ? (["up", "down"] as const) : [direction]) {
      this.#modes[each] = mode;
      for (const link of this.#links) link.setMode(each, mode);
    }
  }

  /** Ends every open connection, towards both sides: in order (`fin`), or by a reset (`rst`). */
  cut(how: "fin" | "rst"): void {
    for (const link of [...this.#links]) link.cut(how);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.cut("rst");
  }

  #accept(client: Socket, targetPort: number, random: Random): void {
    this.#accepted++;
    const link = new Link(
      client,
      connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true }),
      random,
    );
    this.#links.add(link);
    for (const direction of ["up", "down"] as const) link.setMode(direction, this.#modes[direction]);
    link.onEnd = () => this.#links.delete(link);
  }
}

/** One connection through the relay. */
class Link {
  onEnd: () => void = () => {};
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #up: Pipe;
  readonly #down: Pipe;
  #ended = false;

  constructor(client: Socket, target: Socket, random: Random) {
    this.#client = client;
    this.#target = target;
    this.#up = new Pipe(client, target, random);
    this.#down = new Pipe(target, client, random);
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.cut("rst"));
      socket.on("close", () => {
        if (client.destroyed && target.destroyed) this.#end();
      });
    }
  }

  setMode(direction: Direction, mode: Mode): void {
    (direction === "up" ? this.#up : this.#down).setMode(mode);
  }

  cut(how: "fin" | "rst"): void {
    for (const socket of [this.#client, this.#target]) {
      if (how === "rst") socket.resetAndDestroy();
      else socket.destroySoon();
    }
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#up.end();
    this.#down.end();
    this.onEnd();
  }
}

/** The bytes of one direction that are on their way; an undefined piece is the sender's end of stream. */
class Pipe {
  readonly #target: Socket;
  readonly #random: Random;
  readonly #queue: { piece: Uint8Array | undefined; dueMs: number }[] = [];
  #mode: Mode = PASS;
  #hasSwallowed = false;
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: Socket, target: Socket, random: Random) {
    this.#target = target;
    this.#random = random;
    source.on("data", (data: Uint8Array) => this.#received(data));
    source.on("end", () => this.#received(undefined));
  }

  setMode(mode: Mode): void {
    this.#mode = mode;
    this.#deliver();
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #received(data: Uint8Array | undefined): void {
    if (this.#ended) return;
    if (this.#mode.kind === "swallow") this.#hasSwallowed = true;
    if (this.#hasSwallowed) return;
    const pieces = data !== undefined && this.#mode.kind === "fragment" ? this.#fragments(data) : [data];
    for (const piece of pieces) this.#queue.push({ piece, dueMs: this.#dueMs() });
    this.#deliver();
  }

  #fragments(data: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let start = 0; start < data.length; ) {
      const length = 1 + Math.floor(this.#random.next() * (data.length - start));
      pieces.push(data.subarray(start, start + length));
      start += length;
    }
    return pieces;
  }

  #dueMs(): number {
    const mode = this.#mode;
    if (mode.kind !== "delay" && mode.kind !== "fragment") return 0;
    return performance.now() + mode.minMs + this.#random.next() * (mode.maxMs - mode.minMs);
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    if (this.#mode.kind === "stall") return;
    if (this.#mode.kind === "swallow" && this.#queue.length > 0) {
      this.#hasSwallowed = true;
      this.#queue.length = 0;
    }
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const waitMs = first.dueMs - performance.now();
      if (waitMs > 0 && this.#mode.kind !== "pass") {
        this.#timer = setTimeout(() => this.#deliver(), Math.ceil(waitMs));
        return;
      }
      this.#queue.shift();
      if (first.piece === undefined) this.#target.end();
      else this.#target.write(first.piece);
    }
  }
}
