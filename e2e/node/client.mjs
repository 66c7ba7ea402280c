// One official Socket.IO client: node client.mjs URL OPTIONS. What it sees goes to stdout, one JSON array a line:
// [event, ...args]. What it is to emit comes from stdin in the same form. It ends with stdin. With the option "follow" it subscribes to
// that session, and after every lost connection again from the last cursor it saw.

import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, options] = process.argv.slice(2);
const say = (...line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const { follow, ...own } = JSON.parse(options);
const socket = io(url, { reconnectionDelay: 50, reconnectionDelayMax: 200, ...own });
socket.on("connect", () => say("connect"));
socket.on("connect_error", (error) => say("connect_error", error.message));
socket.on("disconnect", (reason) => say("disconnect", reason));
socket.onAny((...seen) => say(...seen));

if (follow) {
  let cursor;
  const subscribe = () => socket.connected && socket.emit("subscribe", cursor ? { sessionId: follow, after: cursor } : follow);
  socket.on("connect", subscribe);
  // Storage may be away for a moment.
  socket.on("error", () => setTimeout(subscribe, 200));
  socket.onAny((_, payload) => {
    cursor = payload?.cursor ?? cursor;
  });
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => socket.emit(...JSON.parse(line)));
lines.on("close", () => process.exit(0));
