import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { ListenError, openSockets, requireFreePort } from "./listening-sockets.ts";

const HANDLERS = { data() {} };

describe("a port of this machine", () => {
  const LOOPBACK = "127.0.0.1";
  const isListening = (port: number): boolean => {
    try {
      requireFreePort({ host: LOOPBACK, port });
      return false;
    } catch (error) {
      expect(error).toMatchObject({ name: "ListenError", code: "EADDRINUSE" });
      return true;
    }
  };

  test("is free again after it was found to be free, and no longer once it is listened on", () => {
    const [socket] = openSockets({ host: LOOPBACK, port: 0 }, HANDLERS);
    const { port } = socket!;
    expect(isListening(port)).toBe(true);
    socket!.stop(true);
    expect([isListening(port), isListening(port)]).toEqual([false, false]);
    for (const one of openSockets({ host: LOOPBACK, port }, HANDLERS)) one.stop(true);
  });

  test("is shared only by sockets that all want to", () => {
    const open = (port: number, sharesPort?: boolean) =>
      openSockets({ host: LOOPBACK, port, sharesPort }, HANDLERS)[0]!;
    const alone = open(0);
    expect(() => open(alone.port)).toThrow(
      `cannot listen on 127.0.0.1:${alone.port}: the port is in use by another program; choose another with --port`,
    );
    alone.stop(true);
    const first = open(0, true);
    const second = open(first.port, true);
    expect(second.port).toBe(first.port);
    expect(() => open(first.port)).toThrow(ListenError);
    for (const socket of [first, second]) socket.stop(true);
  });
});

/** The system, as `answer` has it: the error of each attempt to listen, or a port. */
class PlayedSystem {
  readonly asked: string[] = [];
  readonly stopped: number[] = [];
  readonly #spy: { mockRestore(): void };

  constructor(answer: (hostname: string, port: number) => number | Error) {
    const listen = (options: { readonly hostname: string; readonly port: number }) => {
      this.asked.push(`${options.hostname} ${options.port}`);
      const answered = answer(options.hostname, options.port);
      if (typeof answered !== "number") throw answered;
      return { port: answered, stop: () => void this.stopped.push(answered) };
    };
    this.#spy = spyOn(Bun, "listen").mockImplementation(listen as unknown as typeof Bun.listen);
  }

  restore(): void {
    this.#spy.mockRestore();
  }
}

const failure = (code?: string): Error =>
  Object.assign(new Error("the system's words"), code !== undefined && { code });

describe("localhost", () => {
  let system: PlayedSystem | undefined;
  afterEach(() => system?.restore());

  test("is both addresses, with one port", () => {
    system = new PlayedSystem((_hostname, port) => (port === 0 ? 5001 : port));
    const sockets = openSockets({ host: "localhost", port: 0 }, HANDLERS);
    expect([sockets.length, system.asked]).toEqual([2, ["127.0.0.1 0", "::1 5001"]]);
  });

  test("is the first address alone on a machine without the second", () => {
    system = new PlayedSystem((hostname) => (hostname === "::1" ? failure("EADDRNOTAVAIL") : 5001));
    const sockets = openSockets({ host: "localhost", port: 0 }, HANDLERS);
    expect([sockets.map(({ port }) => port), system.stopped]).toEqual([[5001], []]);
  });

  test("has other ports tried where one is taken on the second address", () => {
    let next = 5001;
    system = new PlayedSystem((hostname, port) => {
      if (hostname !== "::1") return next++;
      return port < 5004 ? failure("EADDRINUSE") : port;
    });
    const sockets = openSockets({ host: "localhost", port: 0 }, HANDLERS);
    expect([sockets.map(({ port }) => port), system.stopped]).toEqual([
      [5004, 5004],
      [5001, 5002, 5003],
    ]);
  });

  test("has ten ports tried, and no more", () => {
    system = new PlayedSystem((hostname) => (hostname === "::1" ? failure("EADDRINUSE") : 5001));
    expect(() => openSockets({ host: "localhost", port: 0 }, HANDLERS)).toThrow(
      "cannot listen on [::1]:5001",
    );
    expect([system.asked.length, system.stopped.length]).toEqual([20, 10]);
  });

  test("has no other port tried where one was asked for", () => {
    system = new PlayedSystem((hostname, port) => (hostname === "::1" ? failure("EADDRINUSE") : port));
    expect(() => openSockets({ host: "localhost", port: 5001 }, HANDLERS)).toThrow(ListenError);
    expect([system.asked, system.stopped]).toEqual([["127.0.0.1 5001", "::1 5001"], [5001]]);
  });

  test.each([
    ["EADDRINUSE", "the port is in use by another program; choose another with --tls-port"],
    ["EACCES", "not allowed; ports below 1024 need special rights"],
    ["EADDRNOTAVAIL", "the address is not one of this machine's"],
    ["EMFILE", "the system's words"],
    [undefined, "no address of this machine has that name"],
  ])("cannot be listened on because of %s: the error says why", (code, reason) => {
    system = new PlayedSystem(() => failure(code));
    let thrown: unknown;
    try {
      openSockets({ host: "localhost", port: 80, flag: "--tls-port" }, HANDLERS);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ message: `cannot listen on 127.0.0.1:80: ${reason}`, code: code ?? "" });
    expect(thrown).toBeInstanceOf(ListenError);
  });
});
