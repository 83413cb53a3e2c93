import { bulk, FakeOrigin, type FakeOriginOptions, type OriginConnection } from "./fake-origin.ts";

/** A place that a sentinel names. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** A sentinel that says what the test wants. How it can fail is up to its `origin`. */
export class FakeSentinel implements Disposable {
  readonly origin: FakeOrigin;
  /** The primary that it names; undefined: it knows none of that name. */
  primary: Place | undefined;
  configEpoch: number;
  readonly #primaryName: string;
  readonly #subscribers = new Set<OriginConnection>();

  constructor(primaryName: string, primary: Place | undefined, options: FakeOriginOptions = {}) {
    this.primary = primary;
    this.configEpoch = 1;
    this.#primaryName = primaryName;
    this.origin = new FakeOrigin(options);
    this.origin.cluster = ([name, first = "", second = ""], connection) => {
      if (!connection.isAuthenticated) return undefined;
      if (name === "SUBSCRIBE") {
        this.#subscribers.add(connection);
        return `>3\r\n${bulk("subscribe")}${bulk(first)}:1\r\n`;
      }
      if (name === "SENTINEL") return this.#answer(first.toLowerCase(), second);
      return undefined;
    };
  }

  /** Has a server say that it is a primary, or a replica, which refuses to write. */
  static giveRole(server: FakeOrigin, role: "master" | "slave" = "master"): void {
    server.cluster = ([name]) => {
      if (name === "ROLE") return `*3\r\n${bulk(role)}:0\r\n*0\r\n`;
      const isRefused = role === "slave" && (name === "SET" || name === "DEL");
      return isRefused ? "-READONLY You can't write against a read only replica.\r\n" : undefined;
    };
  }

  get port(): number {
    return this.origin.port;
  }

  /** Names another primary from now on, in a newer configuration, and says so to those who have subscribed. */
  switchTo(primary: Place): void {
    const { host = "", port = 0 } = this.primary ?? {};
    this.primary = primary;
    this.configEpoch++;
    const text = `${this.#primaryName} ${host} ${port} ${primary.host} ${primary.port}`;
    this.publish(text);
  }

  /** Publishes a message on `+switch-master`. */
  publish(text: string): void {
    for (const connection of this.#subscribers) {
      if (!connection.isClosed) {
        connection.send(`>3\r\n${bulk("message")}${bulk("+switch-master")}${bulk(text)}`);
      }
    }
  }

  [Symbol.dispose](): void {
    this.origin[Symbol.dispose]();
  }

  #answer(subcommand: string, name: string): string | undefined {
    const isKnown = name === this.#primaryName && this.primary !== undefined;
    if (subcommand === "get-master-addr-by-name") {
      if (!isKnown) return "_\r\n";
      return `*2\r\n${bulk(this.primary!.host)}${bulk(String(this.primary!.port))}`;
    }
    if (subcommand !== "master") return undefined;
    if (!isKnown) return "-ERR No such master with that name\r\n";
    return `%2\r\n${bulk("name")}${bulk(name)}${bulk("config-epoch")}${bulk(String(this.configEpoch))}`;
  }
}
