// One Socket.IO client from npm, as somebody else's program would use it.
//
// Takes its orders as JSON in the first argument:
//   {url, options, conversation_id, say: ["text", …], hear: 4}
// prints one line of JSON when connected or refused, waits for a line on its standard input,
// sends, and prints {acks, heard} when everything was acknowledged and heard.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const orders = JSON.parse(process.argv[2]);
const print = (value) => console.log(JSON.stringify(value));

const socket = io(orders.url, { reconnection: false, ...orders.options });
const heard = [];
let enough = () => {};
socket.on("message:received", (message) => {
  heard.push(message);
  if (heard.length >= orders.hear) enough();
});
socket.on("connect_error", (error) => {
  print({ connected: false, message: error.message, data: error.data ?? null });
  process.exit(0);
});

await once(socket, "connect");
print({ connected: true, transport: socket.io.engine.transport.name });
await once(createInterface({ input: process.stdin }), "line");

const acks = await Promise.all(
  orders.say.map((content) =>
    socket.timeout(10_000).emitWithAck("message:send", {
      conversation_id: orders.conversation_id,
      content,
      client_id: randomUUID(),
    }),
  ),
);
if (heard.length < orders.hear) {
  await Promise.race([
    new Promise((resolve) => (enough = resolve)),
    new Promise((resolve) => setTimeout(resolve, 10_000)),
  ]);
}
print({ acks, heard });
socket.disconnect();
process.exit(0);
