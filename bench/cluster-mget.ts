/**
 * One client's MGET of many keys, one at a time: through a proxy, or at the nodes of a cluster as its clients ask them.
 * Replies are told by their lengths alone, so that the client costs the same whatever it asks.
 */
import type { Socket } from "bun";
import { hashSlotOf } from "../src/lib/hash-slot.ts";

/** Texts of values and keys that all have one length. */
export interface Keys {
  readonly names: readonly string[];
  readonly valueBytes: number;
}

/** What one node is asked, in RESP, and the length of its replies. */
interface Exchange {
  readonly request: Uint8Array;
  readonly replyBytes: number;
}

/** A connection with one exchange at a time. */
class Exchanging {
  readonly #socket: Promise<Socket<undefined>>;
  #missing = 0;
  #answered: () => void = () => {};

  constructor(port: number) {
    this.#socket = Bun.connect<undefined>({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void socket.setNoDelay(true),
        data: (_socket, data) => {
          this.#missing -= data.length;
          if (this.#missing < 0) throw new Error(`port ${port} has answered something else`);
          if (this.#missing === 0) this.#answered();
        },
      },
    });
  }

  async ask({ request, replyBytes }: Exchange): Promise<void> {
    const socket = await this.#socket;
    this.#missing = replyBytes;
    const answered = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    if (socket.write(request) !== request.length)
      throw new Error("the system did not take all of the request");
    await answered;
  }

  async close(): Promise<void> {
    (await this.#socket).terminate();
  }
}

/** Reads all keys once. */
export interface Reader {
  read(keys: Keys): Promise<void>;
  close(): Promise<void>;
}

/** One MGET to a proxy. */
export function proxyReader(port: number): Reader {
  const connection = new Exchanging(port);
  return {
    read: ({ names, valueBytes }) => connection.ask(mget(names, valueBytes)),
    close: () => connection.close(),
  };
}

/**
 * A client that knows the cluster: one MGET for each slot, all nodes at the same time.
 * @param portOf the port of a slot's owner
 */
export function slotReader(portOf: (slot: number) => number): Reader {
  const connections = new Map<number, Exchanging>();
  const to = (port: number): Exchanging => {
    const connection = connections.get(port) ?? new Exchanging(port);
    connections.set(port, connection);
    return connection;
  };
  return {
    async read({ names, valueBytes }) {
      const bySlot = Map.groupBy(names, slotOf);
      const byPort = Map.groupBy(bySlot, ([slot]) => portOf(slot));
      const asked = [...byPort].map(([port, slots]) => {
        const parts = slots.map(([, of]) => mget(of, valueBytes));
        return to(port).ask(joined(parts));
      });
      await Promise.all(asked);
    },
    close: async () => void (await Promise.all([...connections.values()].map((one) => one.close()))),
  };
}

/** A client that asks for one key after the other, as `redis-cli -c` does. */
export function oneByOneReader(portOf: (slot: number) => number): Reader {
  const reader = slotReader(portOf);
  return {
    async read({ names, valueBytes }) {
      for (const name of names) await reader.read({ names: [name], valueBytes });
    },
    close: () => reader.close(),
  };
}

function mget(names: readonly string[], valueBytes: number): Exchange {
  const parts = ["MGET", ...names].map((text) => `$${text.length}\r\n${text}\r\n`);
  const value = `$${valueBytes}\r\n`.length + valueBytes + 2;
  return {
    request: Buffer.from(`*${parts.length}\r\n${parts.join("")}`, "latin1"),
    replyBytes: `*${names.length}\r\n`.length + names.length * value,
  };
}

function joined(parts: readonly Exchange[]): Exchange {
  return {
    request: Buffer.concat(parts.map(({ request }) => request)),
    replyBytes: parts.reduce((sum, { replyBytes }) => sum + replyBytes, 0),
  };
}

function slotOf(name: string): number {
  const bytes = Buffer.from(name, "latin1");
  return hashSlotOf(bytes, 0, bytes.length);
}
