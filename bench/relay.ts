/**
 * Passes the benchmark's requests on to one node, or to those of a cluster, and the replies back in order. It does
 * nothing else: it parses nothing, caches nothing and knows how long each request and reply is. So it shows what
 * sockets and events alone cost whatever stands before a cluster.
 *
 *   relay.ts get|set PORT…     ports of the nodes, in the order of their equal shares of the hash slots
 */
import type { Socket } from "bun";
import { HASH_SLOTS, hashSlotOf } from "../src/lib/hash-slot.ts";
import { Queue } from "../src/lib/queue.ts";
import { encodeRequest, expectedReply, keyOf, type Operation } from "./wire.ts";

/** More than one call sends. */
const OUT_BYTES = 1024 * 1024;

/** A client, and its requests that have no reply yet. */
class Client {
  readonly socket: Socket<Client>;
  readonly passed = new Queue<Passed>();
  /** The beginning of a request. */
  rest: Buffer = Buffer.alloc(0);
  /** How many replies are to be sent. */
  ready = 0;

  constructor(socket: Socket<Client>) {
    this.socket = socket;
  }
}

/** A request on its way. */
interface Passed {
  readonly client: Client;
  isAnswered: boolean;
}

/** A node, and the requests that it has not answered. */
class Node {
  readonly out: Buffer = Buffer.alloc(OUT_BYTES);
  outBytes = 0;
  readonly passed = new Queue<Passed>();
  /** Bytes of a reply that has come in part. */
  partBytes = 0;
  socket!: Socket<undefined>;
}

const operation = process.argv[2] as Operation;
const ports = process.argv.slice(3).map(Number);
const request = encodeRequest("resp", operation, 0);
const requestBytes = request.length;
const keyAt = request.indexOf(keyOf(0));
const keyBytes = keyOf(0).length;
const replyBytes = expectedReply("resp", operation, 0).length;
const replies = Buffer.from(expectedReply("resp", operation, 0).repeat(64));

const nodes = ports.map(() => new Node());
let areRequestsQueued = false;
let answered: Client[] = [];

for (const [index, port] of ports.entries()) {
  const node = nodes[index]!;
  node.socket = await Bun.connect<undefined>({
    hostname: "127.0.0.1",
    port,
    socket: { data: (_socket, data) => takeReplies(node, data.length), drain: () => sendTo(node) },
  });
}
const listener = Bun.listen<Client>({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket) {
      socket.data = new Client(socket);
    },
    data: (socket, data) => passOn(socket.data, data),
  },
});
console.log(`port ${listener.port}`);

function passOn(client: Client, data: Buffer): void {
  const bytes = client.rest.length === 0 ? data : Buffer.concat([client.rest, data]);
  let at = 0;
  for (; at + requestBytes <= bytes.length; at += requestBytes) {
    const node = nodes.length === 1 ? nodes[0]! : nodes[shareOf(bytes, at + keyAt)]!;
    bytes.copy(node.out, node.outBytes, at, at + requestBytes);
    node.outBytes += requestBytes;
    const passed: Passed = { client, isAnswered: false };
    node.passed.push(passed);
    client.passed.push(passed);
  }
  client.rest = Buffer.from(bytes.subarray(at));
  if (areRequestsQueued) return;
  areRequestsQueued = true;
  setImmediate(sendRequests);
}

function shareOf(bytes: Uint8Array, at: number): number {
  return Math.floor((hashSlotOf(bytes, at, at + keyBytes) * nodes.length) / HASH_SLOTS);
}

/** Sends what one turn of the event loop has brought, in one call for each node. */
function sendRequests(): void {
  areRequestsQueued = false;
  for (const node of nodes) if (node.outBytes > 0) sendTo(node);
}

function sendTo(node: Node): void {
  const { out, outBytes } = node;
  const sent = Math.max(0, node.socket.write(out.subarray(0, outBytes)));
  out.copyWithin(0, sent, outBytes);
  node.outBytes -= sent;
}

function takeReplies(node: Node, receivedBytes: number): void {
  const bytes = node.partBytes + receivedBytes;
  node.partBytes = bytes % replyBytes;
  for (let count = Math.floor(bytes / replyBytes); count > 0; count--) {
    const passed = node.passed.shift()!;
    passed.isAnswered = true;
    const { client } = passed;
    const before = client.ready;
    while (client.passed.peek()?.isAnswered === true) {
      client.passed.shift();
      client.ready++;
    }
    if (before === 0 && client.ready > 0 && answered.push(client) === 1) setImmediate(sendReplies);
  }
}

/** The same for the clients. */
function sendReplies(): void {
  const clients = answered;
  answered = [];
  for (const client of clients) {
    client.socket.write(replies.subarray(0, client.ready * replyBytes));
    client.ready = 0;
  }
}
