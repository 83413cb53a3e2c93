/** Answers every request of the benchmark without parsing it, to measure the runtime's cost of sockets and events. */
import { encodeRequest, expectedReply } from "./wire.ts";

const requestBytes = encodeRequest("resp", "get", 0).length;
const reply = Buffer.from(expectedReply("resp", "get", 0).repeat(64));
const replyBytes = reply.length / 64;

const listener = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    data(socket, data) {
      socket.write(reply, 0, Math.floor(data.length / requestBytes) * replyBytes);
    },
  },
});
console.log(`port ${listener.port}`);
