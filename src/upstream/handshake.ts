import type { ReplyReader } from "../protocol/reply-reader.ts";
import { formatOrigin, type OriginAddress } from "./address.ts";
import type { UpstreamConnection } from "./connection.ts";
import { type ErrorReply, readErrorReply } from "./error-reply.ts";
import { UpstreamError } from "./upstream-error.ts";
import { UpstreamRequest } from "./upstream-request.ts";

/** A reply to a request of the handshake. */
export interface Answer {
  /** The error, if the reply is one. */
  readonly error: ErrorReply | undefined;
  /** The bytes of the reply, even of an error. Valid during the call only. */
  readonly bytes: Uint8Array;
  readonly reader: ReplyReader;
  /** When the request was sent, by the connection's clock. */
  readonly sentAtMs: number;
}

/**
 * A question of the proxy's own. If the answer says that the origin cannot answer just now, the connection ends, and
 * the question is asked again over the next one.
 */
export class Question extends UpstreamRequest {
  readonly #connection: UpstreamConnection;
  readonly #answered: (answer: Answer) => void;

  constructor(connection: UpstreamConnection, answered: (answer: Answer) => void) {
    super();
    this.#connection = connection;
    this.#answered = answered;
  }

  override reply(bytes: Uint8Array, _start: number, _end: number, reader: ReplyReader): void {
    const error = readErrorReply(bytes, reader);
    if (error?.kind === "passing") this.#connection.close(error.failure);
    else this.#answered({ error, bytes, reader, sentAtMs: this.sentAtMs });
  }

  /** The connection has ended, or is of no use without the answer. */
  override failed(error: UpstreamError): void {
    this.#connection.close(error);
  }
}

export interface LogIn {
  readonly address: OriginAddress;
  readonly version: 2 | 3;
  /** Whether to select the address's database. */
  readonly selects: boolean;
  /** Called with the answer to HELLO, which is sent for version 3. */
  readonly greeted?: (answer: Answer) => void;
}

/**
 * Sends the password, the RESP version and the database, all in the first packet. An origin that does not know HELLO
 * stays with RESP2 and takes the password from the AUTH that follows. After a successful HELLO the answer to AUTH is
 * ignored. If a database is to be selected, nothing else is sent before it is: it would concern another database.
 */
export function logIn(connection: UpstreamConnection, { address, version, selects, greeted }: LogIn): void {
  const { user, password, database = 0 } = address;
  const refuse = (error: ErrorReply) => {
    const message = `origin ${formatOrigin(address)} refused the credentials: ${error.text}`;
    connection.close(new UpstreamError("ORIGINAUTH", message, false));
  };
  let isLoggedIn = false;
  if (version === 3) {
    introduce(connection, helloCommand(address), (answer) => {
      isLoggedIn = answer.error === undefined;
      if (answer.error?.kind === "credentials") refuse(answer.error);
      else greeted?.(answer);
    });
  }
  if (password !== undefined) {
    const login = user === undefined ? ["AUTH", password] : ["AUTH", user, password];
    introduce(connection, login, ({ error }) => {
      if (error !== undefined && !isLoggedIn) refuse(error);
    });
  }
  if (database === 0 || !selects) return;
  connection.closeGate();
  introduce(connection, ["SELECT", String(database)], ({ error }) => {
    if (error === undefined) {
      connection.openGate();
      return;
    }
    const message = `origin ${formatOrigin(address)} refused database ${database}: ${error.text}`;
    connection.close(new UpstreamError("ORIGINDB", message, false));
  });
}

/** Returns HELLO 3, with the password if there is one. */
export function helloCommand({ user, password }: OriginAddress): string[] {
  return ["HELLO", "3", ...(password === undefined ? [] : ["AUTH", user ?? "default", password])];
}

/** Asks a question in the first packet of a connection. */
export function introduce(
  connection: UpstreamConnection,
  command: readonly string[],
  answered: (answer: Answer) => void,
): void {
  connection.introduce(command, new Question(connection, answered));
}
