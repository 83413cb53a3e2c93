/** Which handshakes are refused, and what the operator is told of them, over sockets that the test makes up. */
import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { latin1 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { type Log, silentLog } from "../lib/log.ts";
import type { ClientCertificates } from "../lib/tls.ts";
import { RefusedClients } from "./refused-clients.ts";
import { TlsHandshakes } from "./tls-handshakes.ts";

class FakeSocket {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort: number;
  authorized = false;
  certificate: object | null | undefined = {};
  sent = "";
  isCut = false;

  constructor(remotePort = 1) {
    this.remotePort = remotePort;
  }

  getPeerCertificate(): object | null | undefined {
    return this.certificate;
  }

  write(bytes: Uint8Array, start: number, length: number): number {
    this.sent += latin1(bytes, start, start + length);
    return length;
  }

  end(): void {}

  terminate(): void {
    this.isCut = true;
  }
}

function open() {
  const clock = new ManualClock();
  const messages: string[] = [];
  const log: Log = { ...silentLog, warn: (text: string | object) => messages.push(String(text)) };
  const handshakes = new TlsHandshakes<unknown>(new RefusedClients(), log, clock);
  const begin = (port?: number): FakeSocket => {
    const socket = new FakeSocket(port);
    handshakes.begun(socket as unknown as Socket<unknown>);
    return socket;
  };
  const end = (
    socket: FakeSocket,
    certificates: ClientCertificates,
    error: Error | null = null,
    isComplete = true,
  ): boolean => handshakes.ended(socket as unknown as Socket<unknown>, isComplete, error, certificates);
  return { handshakes, clock, messages, begin, end };
}

function errorOf(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

test.each([
  ["WRONG_VERSION_NUMBER in it", undefined, "the client does not speak TLS"],
  ["HTTP_REQUEST in it", undefined, "the client does not speak TLS"],
  ["UNSUPPORTED_PROTOCOL in it", undefined, "the client speaks neither TLS 1.2 nor 1.3"],
  ["reset", "ECONNRESET", "the client closed the connection; it may not trust this certificate"],
  ["anything else", "OTHER", "anything else"],
])("a handshake that fails by %s (%s) is told as: %s", (message, code, told) => {
  const { messages, begin, end } = open();
  const socket = begin(7);
  expect(end(socket, "off", errorOf(message, code), false)).toBe(false);
  expect(messages).toEqual([`the TLS handshake with 127.0.0.1:7 failed: ${told}`]);
  expect([socket.isCut, socket.sent]).toEqual([true, ""]);
});

test("or without a reason", () => {
  const { messages, begin, end } = open();
  end(begin(), "off", null, false);
  expect(messages).toEqual(["the TLS handshake with 127.0.0.1:1 failed: no reason was given"]);
});

test.each<[ClientCertificates, boolean, object | null | undefined, boolean]>([
  ["off", false, { subject: "x" }, true],
  ["require", true, { subject: "x" }, true],
  ["require", false, { subject: "x" }, false],
  ["require", false, undefined, false],
  ["optional", true, { subject: "x" }, true],
  ["optional", false, { subject: "x" }, false],
  ["optional", false, {}, true],
  ["optional", false, null, true],
  ["optional", false, undefined, true],
])("certificates: %s; vouched for: %p; shown: %j; goes on: %p", (certificates, authorized, shown, goesOn) => {
  const { messages, begin, end, handshakes } = open();
  const socket = Object.assign(begin(), { authorized, certificate: shown });
  expect(end(socket, certificates, errorOf("no issuer", "UNABLE_TO_GET_ISSUER_CERT"))).toBe(goesOn);
  expect(messages).toEqual(
    goesOn ? [] : ["refused 127.0.0.1:1: it showed no certificate that --tls-ca vouches for: none was shown"],
  );
  expect(socket.sent).toStartWith(goesOn ? "" : "-DENIED this port requires a client certificate");
  expect([socket.isCut, handshakes.count]).toEqual([false, 0]);
});

test("handshakes that take too long are cut off, and do not go on later", () => {
  const { handshakes, clock, begin, end, messages } = open();
  const first = begin();
  clock.advance(10);
  const second = begin();
  handshakes.checkTimeouts(clock.monotonicMs() + 1_000_000, 0);
  handshakes.checkTimeouts(clock.monotonicMs() + 89, 100);
  expect([first.isCut, second.isCut, handshakes.count]).toEqual([false, false, 2]);
  handshakes.checkTimeouts(clock.monotonicMs() + 90, 100);
  expect([first.isCut, second.isCut, handshakes.count]).toEqual([true, false, 1]);
  expect(end(first, "off")).toBe(false);
  expect(end(second, "off")).toBe(true);
  expect(messages).toEqual([]);
});

test("clients that go are counted no more, and those that are left are cut off with the listener", () => {
  const { handshakes, begin } = open();
  const [gone, left] = [begin(), begin()];
  handshakes.closed(gone as unknown as Socket<unknown>);
  expect(handshakes.count).toBe(1);
  handshakes.close();
  expect([gone.isCut, left.isCut, handshakes.count]).toEqual([false, true, 0]);
});

test("failures and missing certificates are limited each for itself", () => {
  const { messages, begin, end } = open();
  for (let index = 0; index < 11; index++) end(begin(), "off", errorOf("x"), false);
  end(begin(), "require", errorOf("x"));
  expect(messages.length).toBe(11);
});
