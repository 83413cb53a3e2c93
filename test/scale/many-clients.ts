/**
 * Many clients at once, a process of its own: each connects, waits until all are there, then writes and reads keys
 * of its own, one request after the other, and checks every reply. Arguments: port, clients, rounds. The result goes
 * to standard output as JSON.
 */
const [port, clients, rounds] = process.argv.slice(2).map(Number) as [number, number, number];

/** Connections being made at one time; more would only fill the queue of those not accepted yet. */
const CONNECTING_AT_ONCE = 200;

interface Client {
  readonly index: number;
  round: number;
  /** Whether the reply awaited is that of the PUT, else that of the GET. */
  writing: boolean;
  received: string;
}

const expectedValue = ({ index, round }: Client): string =>
  `value-${index}-${round}-${"x".repeat(index % 200)}`;

const result = { clients, requests: 0, wrong: 0, closed: 0, connectSeconds: 0, seconds: 0, example: "" };
const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
let open = clients;

function ask(socket: Bun.Socket<Client>): void {
  const client = socket.data;
  if (client.round === rounds) {
    socket.end();
    return;
  }
  socket.write(
    client.writing ? `PUT key-${client.index}=${expectedValue(client)}\n` : `GET key-${client.index}\n`,
  );
}

function receive(socket: Bun.Socket<Client>, data: Uint8Array): void {
  const client = socket.data;
  client.received += Buffer.from(data).toString();
  if (!client.received.endsWith("\n")) return;
  const reply = client.received.slice(0, -1).replace(/^\{(Proxy|Backend) Server\} : /, "");
  client.received = "";
  result.requests++;
  if (reply !== (client.writing ? "OK" : expectedValue(client))) {
    result.wrong++;
    result.example = reply.slice(0, 100);
  }
  if (!client.writing) client.round++;
  client.writing = !client.writing;
  ask(socket);
}

const sockets: Bun.Socket<Client>[] = [];
const begun = performance.now();
while (sockets.length < clients) {
  const count = Math.min(CONNECTING_AT_ONCE, clients - sockets.length);
  const first = sockets.length;
  sockets.push(
    ...(await Promise.all(
      Array.from({ length: count }, (_, i) =>
        Bun.connect<Client>({
          hostname: "127.0.0.1",
          port,
          data: { index: first + i, round: 0, writing: true, received: "" },
          socket: {
            data: receive,
            close(socket) {
              if (socket.data.round < rounds) result.closed++;
              open--;
              if (open === 0) finish();
            },
          },
        }),
      ),
    )),
  );
}
result.connectSeconds = (performance.now() - begun) / 1000;
const asked = performance.now();
for (const socket of sockets) ask(socket);
await finished;
result.seconds = (performance.now() - asked) / 1000;
console.log(JSON.stringify(result));

export {};
