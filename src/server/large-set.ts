import { type LargeWrite, NEVER } from "../engine/engine.ts";
import type { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { SLICE_BYTES } from "../lib/large-value.ts";
import type { Ticket } from "../net/ticket.ts";
import type { Request } from "../protocol/protocol.ts";
import type { ServerContext } from "./context.ts";
import { sendWhenDurable } from "./durable-reply.ts";
import { answerRefusal } from "./run-command.ts";

/** Slices stored before other clients are served. */
const SLICES_PER_TURN = 2;

/** Whether a request is a SET without options, whose value is its only large argument. */
export function isLargeSet(request: Request): boolean {
  const { large } = request;
  return (
    request.count === 3 &&
    large?.length === 1 &&
    large[0]!.index === 2 &&
    request.length(0) === 3 &&
    request.text(0).toLowerCase() === "set"
  );
}

/**
 * Executes a SET of a large value in slices, and serves other clients in between. The key changes when the whole
 * value has been stored. The client's later requests wait until then.
 */
export function setLarge(context: ServerContext, request: Request): void {
  const { connection, keyspace } = context;
  const { bytes } = request.large![0]!;
  const key = request.copy(1);
  const ticket = connection.defer();
  const end = (): void => {
    bytes.clear();
    ticket.done();
  };
  let write: LargeWrite | undefined;
  try {
    keyspace.checkKeyLength(key.length);
    keyspace.checkValueLength(bytes.lengthBytes);
    write = keyspace.engine.beginLarge(key, bytes.lengthBytes, NEVER);
    if (write === undefined) {
      request.flatten();
      keyspace.set(key, request.view(2), NEVER, connection);
      ticket.reply.ok();
      sendWhenDurable(context, ticket, end);
      return;
    }
  } catch (error) {
    if (!answerRefusal(error, context, "set", ticket.reply)) ticket.reply.error("ERR internal error");
    end();
    return;
  }
  connection.hold();
  store(context, key, bytes, write, ticket, () => {
    end();
    connection.release();
  });
}

function store(
  context: ServerContext,
  key: Uint8Array,
  bytes: ChunkedBytes,
  write: LargeWrite,
  ticket: Ticket,
  end: () => void,
): void {
  try {
    for (let slices = SLICES_PER_TURN; slices > 0 && bytes.lengthBytes > 0; slices--) {
      const run = bytes.front(SLICE_BYTES);
      const { length } = run;
      write.append(run, 0, length);
      bytes.drop(length);
    }
    if (bytes.lengthBytes > 0) {
      setImmediate(() => store(context, key, bytes, write, ticket, end));
      return;
    }
    context.keyspace.storeLarge(key, write, context.connection);
    write.release();
  } catch (error) {
    write.release();
    if (!answerRefusal(error, context, "set", ticket.reply)) ticket.reply.error("ERR internal error");
    end();
    return;
  }
  ticket.reply.ok();
  sendWhenDurable(context, ticket, end);
}
