import { describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { Users } from "../commands/acl/users.ts";
import { ManualClock } from "../lib/clock.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { type Admission, securedHandlers, socketHandlers } from "./admission.ts";
import { ClientRegistry } from "./client-registry.ts";
import type { Connection } from "./connection.ts";
import { simulatedHost } from "./connection-stage-fixture.ts";
import { LimitedMessages } from "./limited-messages.ts";
import { hashPassword } from "./password-hash.ts";
import { RefusedClients } from "./refused-clients.ts";
import { SimulatedWire } from "./simulated-wire-fixture.ts";
import { TlsHandshakes } from "./tls-handshakes.ts";

const TOO_MANY = "-ERR max number of clients reached\r\n";

/** A wire as the runtime has it: with a connection, and with TLS. */
class FakeSocket extends SimulatedWire {
  data: Connection | undefined;
  authorized = true;
  /** How it was ended. */
  ending = "";

  constructor() {
    super(Number.POSITIVE_INFINITY, "10.0.0.1");
    this.events = { wasClosed() {} } as SimulatedWire["events"];
  }

  override end(): void {
    this.ending ||= "ended";
  }

  override terminate(): void {
    this.ending = "cut off";
  }

  get output(): string {
    return Buffer.from(this.sent.view()).toString();
  }

  get socket(): Socket<Connection> {
    return this as unknown as Socket<Connection>;
  }
}

/** What admits clients, and its handlers of sockets. */
class Gate {
  readonly warnings: string[] = [];
  readonly requests: string[] = [];
  readonly registry = new ClientRegistry();
  readonly users: Users;
  readonly admission: Admission;

  constructor(connections: number, password?: string) {
    const clock = new ManualClock();
    const log: Log = { ...silentLog, warn: (message) => void this.warnings.push(String(message)) };
    const refused = new RefusedClients();
    this.users = new Users(hashPassword, password);
    this.admission = {
      host: { ...simulatedHost(clock, { connections }), registry: this.registry },
      registry: this.registry,
      service: {
        isCommandName: () => false,
        connect: () => ({
          request: (request, reply) => {
            this.requests.push(request.text(0));
            reply.ok();
          },
          settle: () => undefined,
          closed: () => void this.requests.push("closed"),
        }),
      },
      users: this.users,
      refused,
      refusals: new LimitedMessages(log, clock),
      handshakes: new TlsHandshakes(refused, log, clock),
    };
  }
}

describe("a client without TLS", () => {
  test("gets a connection of the default user, which has its events", () => {
    const gate = new Gate(1);
    const handlers = socketHandlers(gate.admission);
    const one = new FakeSocket();
    handlers.open!(one.socket);
    const { registry } = gate;
    expect([registry.size, registry.get(1) === one.data, registry.acceptedCount]).toEqual([1, true, 1]);
    expect([one.data!.user === gate.users.default, one.data!.authenticated]).toEqual([true, true]);
    one.room = 3;
    handlers.data!(one.socket, Buffer.from("*1\r\n$4\r\nPING\r\n"));
    expect([gate.requests, one.output]).toEqual([["PING"], "+OK"]);
    one.room = 10;
    handlers.drain!(one.socket);
    expect(one.output).toBe("+OK\r\n");
    handlers.close!(one.socket);
    expect([registry.size, gate.requests]).toEqual([0, ["PING", "closed"]]);
  });

  test("is told that it has closed its side, and then its own is closed", async () => {
    const gate = new Gate(1);
    const handlers = socketHandlers(gate.admission);
    const one = new FakeSocket();
    handlers.open!(one.socket);
    handlers.end!(one.socket);
    await Promise.resolve();
    expect(one.ending).toBe("ended");
  });

  test("has to authenticate where the default user has a password", () => {
    const gate = new Gate(1, "secret");
    const one = new FakeSocket();
    socketHandlers(gate.admission).open!(one.socket);
    expect(one.data!.authenticated).toBe(false);
  });

  test("is refused where there are as many as may be, and told so, until one goes", () => {
    const gate = new Gate(2);
    const handlers = socketHandlers(gate.admission);
    const [first, second, third, fourth] = [1, 2, 3, 4].map(() => new FakeSocket());
    for (const one of [first!, second!, third!]) handlers.open!(one.socket);
    expect([third!.data, third!.output, third!.ending]).toEqual([undefined, TOO_MANY, "ended"]);
    expect([gate.registry.size, gate.registry.rejectedCount]).toEqual([2, 1]);
    expect(gate.warnings).toEqual([
      "closed the connection of 10.0.0.1:1: there are 2 clients already, as many as --max-connections allows",
    ]);
    // What it sends, and its end, are nobody's.
    handlers.data!(third!.socket, Buffer.from("*1\r\n$4\r\nPING\r\n"));
    handlers.drain!(third!.socket);
    third!.ending = "";
    handlers.end!(third!.socket);
    expect(third!.ending).toBe("ended");
    handlers.close!(third!.socket);
    expect([gate.requests, gate.registry.size]).toEqual([[], 2]);
    handlers.close!(first!.socket);
    handlers.open!(fourth!.socket);
    expect(fourth!.data).toBeDefined();
  });

  test.each([
    [{ syscall: "read", code: "ECONNRESET" }, false],
    [{ code: "EPROTO" }, false],
    [{}, true],
    [{ code: "EOTHER" }, true],
  ])("is cut off by an error %p; it is reported as a bug: %p", (fields, isBug) => {
    const gate = new Gate(1);
    const one = new FakeSocket();
    const error = Object.assign(new Error("an error"), fields);
    const queued: (() => void)[] = [];
    const { queueMicrotask } = globalThis;
    globalThis.queueMicrotask = (act) => void queued.push(act);
    try {
      socketHandlers(gate.admission).error!(one.socket, error);
    } finally {
      globalThis.queueMicrotask = queueMicrotask;
    }
    expect([one.ending, queued.length]).toEqual(["cut off", isBug ? 1 : 0]);
    for (const act of queued) expect(act).toThrow(error);
  });
});

describe("a client with TLS", () => {
  test("gets its connection when its handshake is complete, and counts as one before", () => {
    const gate = new Gate(2);
    const { handshakes } = gate.admission;
    const handlers = securedHandlers(gate.admission, "off");
    const [first, second, third] = [1, 2, 3].map(() => new FakeSocket());
    handlers.open!(first!.socket);
    handlers.open!(second!.socket);
    expect([first!.data, handshakes.count, gate.registry.size]).toEqual([undefined, 2, 0]);
    handlers.open!(third!.socket);
    expect([third!.ending, third!.output, gate.registry.rejectedCount]).toEqual(["cut off", "", 1]);
    expect([handshakes.count, gate.warnings.length]).toEqual([2, 1]);
    handlers.handshake!(first!.socket, true, null);
    expect([first!.data === gate.registry.get(1), handshakes.count, gate.registry.size]).toEqual([
      true,
      1,
      1,
    ]);
    handlers.data!(first!.socket, Buffer.from("*1\r\n$4\r\nPING\r\n"));
    expect(first!.output).toBe("+OK\r\n");
    handlers.close!(first!.socket);
    expect([gate.registry.size, gate.requests]).toEqual([0, ["PING", "closed"]]);
  });

  test("that goes within its handshake makes room for another", () => {
    const gate = new Gate(1);
    const handlers = securedHandlers(gate.admission, "off");
    const [first, second] = [1, 2].map(() => new FakeSocket());
    handlers.open!(first!.socket);
    handlers.close!(first!.socket);
    handlers.open!(second!.socket);
    handlers.handshake!(second!.socket, true, null);
    expect(second!.data).toBeDefined();
  });

  test("whose handshake fails gets none", () => {
    const gate = new Gate(1);
    const handlers = securedHandlers(gate.admission, "off");
    const one = new FakeSocket();
    handlers.open!(one.socket);
    handlers.handshake!(one.socket, false, new Error("no"));
    expect([one.data, one.ending, gate.registry.size]).toEqual([undefined, "cut off", 0]);
  });

  test("is refused after its handshake where others without TLS have come meanwhile", () => {
    const gate = new Gate(1);
    const handlers = securedHandlers(gate.admission, "off");
    const [one, other] = [new FakeSocket(), new FakeSocket()];
    handlers.open!(one.socket);
    socketHandlers(gate.admission).open!(other.socket);
    handlers.handshake!(one.socket, true, null);
    expect([one.data, one.output, other.data === undefined]).toEqual([undefined, TOO_MANY, false]);
  });
});
