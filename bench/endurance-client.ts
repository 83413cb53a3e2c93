import type { Socket } from "bun";
import type { SeededRandom } from "../src/lib/random.ts";
import { checkValue, drawSize, keyOf, type Ledger } from "./endurance-values.ts";
import { decimal, type Reply, type RequestBatch, readLine, readResp, requestHead } from "./endurance-wire.ts";

/** The protocol of a client that stays. A tracking client also receives invalidations. */
export type ClientKind = "resp2" | "resp3" | "text" | "tracking" | "broadcast";

/** Shared by all clients of a load. */
export interface Ground {
  readonly port: number;
  readonly random: SeededRandom;
  readonly batch: RequestBatch;
  readonly ledger: Ledger;
  /** Each of these keys has one writer: client `id % clients`. */
  readonly keys: number;
  readonly clients: number;
  /** Whether keys may be evicted. */
  readonly evicts: boolean;
  /** Draws a key to read; popular ones more often. */
  draw(): number;
  /** Counts replies. @returns whether to go on */
  answered(requests: number): boolean;
  failed(error: Error): void;
}

const MOST_PIPELINED = 64;
const KEYS_OF_MGET = 3;

type Operation =
  | "get"
  | "set"
  | "setExpiring"
  | "remove"
  | "exists"
  | "pttl"
  | "mget"
  | "count"
  | "queued"
  | "exec";

interface Sent {
  operation: Operation;
  id: number;
  /** Of a change, its version; of a read, the newest version acknowledged when it was sent. */
  version: number;
  certain: number;
}

const GET: Buffer = requestHead(2, "GET");
const DEL: Buffer = requestHead(2, "DEL");
const EXISTS: Buffer = requestHead(2, "EXISTS");
const PTTL: Buffer = requestHead(2, "PTTL");
const MGET: Buffer = requestHead(KEYS_OF_MGET + 1, "MGET");
const NOTHING: Buffer = Buffer.alloc(0);
const GET_LINE: Buffer = Buffer.from("GET ");
const DELETE_LINE: Buffer = Buffer.from("DELETE ");

/** A client that stays connected: it sends one pipeline after the other and checks every reply. */
export class EnduranceClient {
  readonly #ground: Ground;
  readonly #index: number;
  readonly #isText: boolean;
  readonly #socket: Socket<undefined>;
  readonly #sent: Sent[] = Array.from({ length: MOST_PIPELINED + 4 }, () => ({
    operation: "get",
    id: 0,
    version: 0,
    certain: -1,
  }));
  readonly #reply: Reply = { kind: "null", start: 0, end: 0 };
  readonly #countKey: string;
  #sentCount = 0;
  #answered = 0;
  #counted = 0;
  #rest: Buffer = NOTHING;
  #unsent: Buffer = NOTHING;
  /** Replies to the requests that set the connection up, which are not checked. */
  #unchecked = 0;
  #isEnded = false;
  readonly #ended = Promise.withResolvers<void>();

  private constructor(ground: Ground, index: number, kind: ClientKind, socket: Socket<undefined>) {
    this.#ground = ground;
    this.#index = index;
    this.#isText = kind === "text";
    this.#socket = socket;
    this.#countKey = `endurance-count:${String(index).padStart(4, "0")}`;
    const setUp = SET_UP[kind];
    this.#unchecked = setUp.length;
    if (setUp.length > 0) this.#write(Buffer.from(setUp.map((words) => request(...words)).join("")));
  }

  static async connect(ground: Ground, index: number, kind: ClientKind): Promise<EnduranceClient> {
    let client: EnduranceClient | undefined;
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: ground.port,
      socket: {
        data: (_socket, data) => client?.receive(data),
        drain: () => client?.flush(),
        close: () => client?.closed(),
      },
    });
    client = new EnduranceClient(ground, index, kind, socket);
    return client;
  }

  /** Runs the client. @returns when the load is over and every reply has come */
  run(): Promise<void> {
    this.#next();
    return this.#ended.promise;
  }

  #next(): void {
    const { batch, random } = this.#ground;
    this.#sentCount = 0;
    this.#answered = 0;
    const wanted = 1 + random.below(MOST_PIPELINED);
    while (this.#sentCount < wanted && !batch.isFull) {
      if (this.#isText) this.#sendLine();
      else this.#sendRequest();
    }
    this.#write(batch.take());
  }

  #sendRequest(): void {
    const { batch, random, keys } = this.#ground;
    const choice = random.below(2000);
    if (choice < 1280) {
      batch.keyed(GET, this.#read("get"));
    } else if (choice < 1560) {
      const id = this.#change("set");
      batch.set(id, this.#newest.version, drawSize(random), 0);
    } else if (choice < 1680) {
      const id = this.#change("setExpiring");
      batch.set(id, this.#newest.version, drawSize(random), 5 + random.below(1000));
    } else if (choice < 1760) {
      batch.keyed(DEL, this.#change("remove"));
    } else if (choice < 1820) {
      batch.keyed(EXISTS, this.#read("exists"));
    } else if (choice < 1860) {
      batch.keyed(PTTL, this.#read("pttl"));
    } else if (choice < 1930) {
      const id = this.#read("mget");
      batch.keyed(MGET, id);
      for (let more = 1; more < KEYS_OF_MGET; more++) batch.keyed(NOTHING, (id + more) % keys);
    } else if (choice < 1999) {
      this.#note("count", 0, 0);
      batch.raw(request("INCR", this.#countKey));
    } else {
      this.#note("queued", 0, 0);
      batch.raw(request("MULTI"));
      const id = this.#change("queued");
      const { version } = this.#newest;
      batch.set(id, version, drawSize(random), 0);
      this.#note("queued", 0, 0);
      batch.keyed(GET, id);
      this.#note("exec", id, version);
      batch.raw(request("EXEC"));
    }
  }

  #sendLine(): void {
    const { batch, random } = this.#ground;
    const choice = random.below(100);
    if (choice < 70) batch.line(GET_LINE, this.#read("get"));
    else if (choice < 95) {
      const id = this.#change("set");
      batch.put(id, this.#newest.version, drawSize(random));
    } else batch.line(DELETE_LINE, this.#change("remove"));
  }

  get #newest(): Sent {
    return this.#sent[this.#sentCount - 1]!;
  }

  #read(operation: Operation): number {
    const { ledger } = this.#ground;
    const id = this.#ground.draw();
    this.#note(operation, id, ledger.acknowledged[id]!);
    this.#newest.certain = ledger.certain(id);
    return id;
  }

  /** Changes a key that belongs to this client. */
  #change(operation: Operation): number {
    const { ledger, keys, clients } = this.#ground;
    const drawn = this.#ground.draw();
    const own = drawn - (drawn % clients) + this.#index;
    const id = own < keys ? own : this.#index;
    this.#note(operation, id, ledger.change(id));
    return id;
  }

  #note(operation: Operation, id: number, version: number): void {
    const sent = this.#sent[this.#sentCount++]!;
    sent.operation = operation;
    sent.id = id;
    sent.version = version;
  }

  #write(bytes: Buffer): void {
    const all = this.#unsent.length === 0 ? bytes : Buffer.concat([this.#unsent, bytes]);
    if (all.length === 0) return;
    const written = Math.max(this.#socket.write(all), 0);
    // The batch's buffer is used again, so the unsent part is copied.
    this.#unsent = written === all.length ? NOTHING : Buffer.from(all.subarray(written));
  }

  receive(received: Buffer): void {
    try {
      const data = this.#rest.length === 0 ? received : Buffer.concat([this.#rest, received]);
      let at = 0;
      while (at < data.length) {
        const next = this.#isText ? readLine(data, at, this.#reply) : readResp(data, at, this.#reply);
        if (next < 0) break;
        at = next;
        if (this.#reply.kind === "push") continue;
        if (this.#unchecked > 0) this.#unchecked--;
        else this.#check(data);
      }
      this.#rest = at === data.length ? NOTHING : Buffer.from(data.subarray(at));
    } catch (error) {
      this.#ground.failed(error as Error);
      return;
    }
    if (this.#sentCount === 0 || this.#answered < this.#sentCount) return;
    if (this.#ground.answered(this.#sentCount)) this.#next();
    else {
      this.#isEnded = true;
      this.#socket.end();
      this.#ended.resolve();
    }
  }

  flush(): void {
    this.#write(NOTHING);
  }

  closed(): void {
    if (!this.#isEnded) this.#ground.failed(new Error(`client ${this.#index} was disconnected`));
  }

  /** @throws Error when the reply to the next request is wrong */
  #check(data: Buffer): void {
    const { ledger } = this.#ground;
    const sent = this.#sent[this.#answered++]!;
    const { operation, id, version } = sent;
    const { kind, start, end } = this.#reply;
    switch (operation) {
      case "get":
        if (kind === "value") ledger.checkVersion(id, checkValue(data, start, end, id), version);
        else if (kind !== "null") this.#unexpected(data, sent);
        else if (!this.#ground.evicts) ledger.checkAbsence(id, sent.certain);
        return;
      case "set":
      case "setExpiring":
        if (kind !== "status") this.#unexpected(data, sent);
        ledger.confirm(id, version, operation === "set");
        return;
      case "remove":
        if (kind !== "integer" && kind !== "status" && kind !== "null") this.#unexpected(data, sent);
        ledger.confirm(id, version, false);
        return;
      case "exists":
        if (kind !== "integer") this.#unexpected(data, sent);
        if (decimal(data, start, end) === 0 && !this.#ground.evicts) ledger.checkAbsence(id, sent.certain);
        return;
      case "pttl":
        if (kind !== "integer") this.#unexpected(data, sent);
        return;
      case "mget":
        this.#checkMany(data, sent);
        return;
      case "count":
        if (kind !== "integer") this.#unexpected(data, sent);
        this.#checkCount(decimal(data, start, end));
        return;
      case "queued":
        if (kind !== "status") this.#unexpected(data, sent);
        return;
      case "exec":
        this.#checkTransaction(data, sent);
        return;
    }
  }

  #checkMany(data: Buffer, sent: Sent): void {
    const { kind, start } = this.#reply;
    if (kind !== "aggregate") this.#unexpected(data, sent);
    const element: Reply = { kind: "null", start: 0, end: 0 };
    let at = start;
    for (let index = 0; index < KEYS_OF_MGET; index++) {
      at = readResp(data, at, element);
      const id = (sent.id + index) % this.#ground.keys;
      if (element.kind !== "value") continue;
      const version = checkValue(data, element.start, element.end, id);
      this.#ground.ledger.checkVersion(id, version, index === 0 ? sent.version : 0);
    }
  }

  /** No other client uses this counter. */
  #checkCount(count: number): void {
    if (count !== this.#counted + 1 && !(this.#ground.evicts && count === 1)) {
      throw new Error(`${this.#countKey} is ${count} after ${this.#counted}`);
    }
    this.#counted = count;
  }

  #checkTransaction(data: Buffer, sent: Sent): void {
    const { kind, start } = this.#reply;
    if (kind !== "aggregate") this.#unexpected(data, sent);
    const { ledger } = this.#ground;
    const element: Reply = { kind: "null", start: 0, end: 0 };
    readResp(data, readResp(data, start, element), element);
    if (element.kind !== "value") throw new Error(`${keyOf(sent.id)}: not there within its transaction`);
    const version = checkValue(data, element.start, element.end, sent.id);
    if (version !== sent.version) throw new Error(`${keyOf(sent.id)}: another version within a transaction`);
    ledger.confirm(sent.id, version, true);
  }

  #unexpected(data: Buffer, { operation, id }: Sent): never {
    const { kind, start, end } = this.#reply;
    const text = data.toString("latin1", start, Math.min(end, start + 80));
    throw new Error(`${operation} of ${keyOf(id)}, client ${this.#index}: ${kind} ${text}`);
  }
}

/** The first requests of a client. */
const SET_UP: Readonly<Record<ClientKind, readonly (readonly string[])[]>> = {
  resp2: [],
  resp3: [["HELLO", "3"]],
  text: [],
  tracking: [
    ["HELLO", "3"],
    ["CLIENT", "TRACKING", "ON"],
  ],
  broadcast: [
    ["HELLO", "3"],
    ["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "endurance:0000", "NOLOOP"],
  ],
};

/** Returns a RESP request as text. */
export function request(...words: readonly string[]): string {
  return requestHead(words.length, ...words).toString("latin1");
}
