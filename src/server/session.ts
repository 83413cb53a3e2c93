import type { Command } from "../commands/command.ts";
import { unknownCommand, wrongArity } from "../commands/command-errors.ts";
import { factsOfRequest } from "../commands/command-facts.ts";
import { commandName } from "../commands/command-name.ts";
import { arityFits, type CommandTable } from "../commands/command-table.ts";
import { refuseQueuing } from "../commands/container-command.ts";
import { OTHER_COMMAND, TEXT_COMMAND } from "../commands/counted-commands.ts";
import { MONITOR_IN_MULTI } from "../commands/monitors.ts";
import type { Connection } from "../net/connection.ts";
import type { Session } from "../net/session.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import { refuseSubscriber } from "./commands/subscriptions.ts";
import type { ServerContext, ServerHost } from "./context.ts";
import type { Keyspace } from "./keyspace.ts";
import { isLargeSet, setLarge } from "./large-set.ts";
import { notServed } from "./not-served.ts";
import { Postponed } from "./postponed.ts";
import { ERROR, SERVED } from "./published-numbers.ts";
import { runCommand } from "./run-command.ts";
import { Transaction } from "./transaction.ts";

const MINUS = 0x2d;

/** Commands that MULTI does not queue. */
const NEVER_QUEUED: ReadonlySet<string> = new Set(["multi", "exec", "discard", "watch", "quit", "reset"]);

/** The server, as sessions see it. */
export interface SessionHost extends ServerHost {
  readonly commands: CommandTable<ServerContext>;
  /** The verbs of the text protocol. */
  readonly textCommands: CommandTable<ServerContext>;
}

/** The server's side of one connection; its commands run on it. */
export class ServerSession implements Session, ServerContext {
  readonly connection: Connection;
  readonly host: SessionHost;
  readonly keyspace: Keyspace;
  readonly transaction: Transaction<ServerContext>;
  #postponed: Postponed | undefined;
  /** What the request that is being executed is counted as. */
  #number = OTHER_COMMAND;

  constructor(host: SessionHost, connection: Connection) {
    this.connection = connection;
    this.host = host;
    this.keyspace = host.keyspace;
    this.transaction = new Transaction(host.keyspace, connection);
    connection.flags = () => this.#flags();
    connection.subscriptions = () => host.channels.namesOf(connection);
  }

  request(request: Request, reply: ReplyWriter) {
    const { connection, host } = this;
    const isText = connection.protocol === "text";
    const command = (isText ? host.textCommands : host.commands).find(request);
    this.#number = isText ? TEXT_COMMAND : (command?.number ?? OTHER_COMMAND);
    if (command === undefined) {
      return this.#reject(reply, (isText ? undefined : notServed(request)) ?? unknownCommand(request));
    }
    if (!arityFits(command, request.count)) return this.#refuse(command, reply, wrongArity(command.name));
    connection.lastCommand =
      command.subcommands === undefined ? command.name : commandName(command.name, request);
    const refusal = connection.isUnrestricted ? undefined : this.#admit(command, request, isText);
    if (refusal !== undefined) return this.#refuse(command, reply, refusal);
    const subscriberRefusal = refuseSubscriber(this, command.name);
    if (subscriberRefusal !== undefined) return this.#reject(reply, subscriberRefusal);
    if (host.pause.isOn && this.#isPaused(command)) {
      this.#postponed = new Postponed(this, request, (postponed) => this.#resume(postponed));
      return;
    }
    if (host.monitors.isOn) host.monitors.show(request, connection, host.access, host.clock.wallMs());
    this.#run(command, request, reply);
    if (!this.transaction.isOpen) host.tracking.requestEnded(connection, command);
  }

  #admit(command: Command<ServerContext>, request: Request, isText: boolean): string | undefined {
    const { access } = this.host;
    if (isText) return access.admitText(this.connection, request.text(0).toLowerCase(), request);
    const facts = command.subcommands === undefined ? command : factsOfRequest(request);
    return access.admit(this.connection, facts, request);
  }

  /** Runs or queues a command, and counts it by its reply. */
  #run(command: Command<ServerContext>, request: Request, reply: ReplyWriter): void {
    const number = this.#number;
    const { requests } = this.host.numbers;
    const { out } = reply as RespWriter;
    const start = out.length;
    if (this.transaction.isOpen && !NEVER_QUEUED.has(command.name)) this.#queue(command, request, reply);
    else {
      if (request.large !== undefined) setLarge(this, request);
      else runCommand(command, this, request, reply);
      const isError = out.length > start && out.bytes[start] === MINUS;
      requests.count(number, isError ? ERROR : SERVED);
    }
  }

  /** A malformed request. */
  refused(): void {
    this.host.numbers.requests.count(
      this.connection.protocol === "text" ? TEXT_COMMAND : OTHER_COMMAND,
      ERROR,
    );
  }

  takesLarge(request: Request): boolean {
    return this.connection.isUnrestricted && !this.transaction.isOpen && isLargeSet(request);
  }

  /**
   * Returns what must become durable before the replies written so far may be sent. It covers all calls of the engine
   * since the last `settle`. Those came from this connection, or from work that no reply waits for: events are
   * handled one after the other, and each ends with this call.
   */
  settle(): Promise<void> | undefined {
    return this.host.engine.settle();
  }

  closed(): void {
    this.#postponed?.forget();
    this.transaction.end();
    this.host.tracking.forget(this.connection);
    this.host.channels.forget(this.connection);
    this.host.monitors.remove(this.connection);
  }

  /** Whether CLIENT PAUSE delays a command: all commands, or writes and messages. */
  #isPaused(command: Command<ServerContext>): boolean {
    const { mode } = this.host.pause;
    if (mode === undefined || command.name === "quit") return false;
    if (mode === "all" || isWrite(command)) return true;
    return command.name === "exec" && this.transaction.queue.some((queued) => isWrite(queued.command));
  }

  #resume(postponed: Postponed): void {
    this.#postponed = undefined;
    postponed.execute((request, reply) => this.request(request, reply));
  }

  #queue(command: Command<ServerContext>, request: Request, reply: ReplyWriter) {
    const { transaction } = this;
    if (command.flags.includes("no_multi")) {
      return this.#refuse(command, reply, "ERR Command not allowed inside a transaction");
    }
    const refusal = command.name === "monitor" ? MONITOR_IN_MULTI : refuseQueuing(command, request);
    if (refusal !== undefined) return this.#reject(reply, refusal);
    const { transactionBytes } = this.host.limits;
    const requestBytes = request.ends[request.count - 1]! - request.starts[0]!;
    if (transaction.queuedBytes + requestBytes > transactionBytes) {
      return this.#refuse(
        command,
        reply,
        `ERR transaction too large: more than ${transactionBytes} bytes are queued`,
      );
    }
    // A failed transaction will not run, so its commands need not be kept.
    if (!transaction.hasFailed) transaction.add(command, request);
    reply.status("QUEUED");
    this.host.numbers.requests.count(this.#number, SERVED);
  }

  /** Refuses a command. A refused EXEC ends its transaction, as in Redis. */
  #refuse(command: Command<ServerContext>, reply: ReplyWriter, message: string) {
    if (command.name !== "exec") return this.#reject(reply, message);
    this.transaction.end();
    this.host.numbers.requests.count(this.#number, ERROR);
    reply.error(`EXECABORT Transaction discarded because of: ${message.replace(/^ERR /, "")}`);
  }

  /** Rejects a command. In a transaction, EXEC will then fail. */
  #reject(reply: ReplyWriter, message: string): void {
    if (this.transaction.isOpen) this.transaction.hasFailed = true;
    this.host.numbers.requests.count(this.#number, ERROR);
    reply.error(message);
  }

  #flags(): string {
    const { isOpen, isTouched } = this.transaction;
    const tracking = this.host.tracking.flagsOf(this.connection);
    const blocked = this.#postponed === undefined ? "" : "b";
    const monitors = this.host.monitors.has(this.connection) ? "O" : "";
    return `${monitors}${this.connection.isSubscribed ? "P" : ""}${isOpen ? "x" : ""}${blocked}${tracking}${isTouched ? "d" : ""}`;
  }
}

/** Whether the command would be sent to replicas, if there were any. */
function isWrite({ name, flags }: Command<ServerContext>): boolean {
  return name === "publish" || flags.includes("write");
}
