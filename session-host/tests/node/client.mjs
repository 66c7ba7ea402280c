// Drives official Socket.IO clients for the integration tests: one JSON command per line on stdin, one JSON line on stdout
// for everything a client sees. Ends with stdin.
//
//   {"do":"connect","socket":"a","url":"http://…","options":{…}}
//   {"do":"emit","socket":"a","event":"subscribe","args":["x"]}
//   {"do":"close","socket":"a"}
//
//   {"socket":"a","event":"connect","args":["polling"]}

import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const sockets = new Map();

function say(socket, event, args) {
  process.stdout.write(`${JSON.stringify({ socket, event, args })}\n`);
}

const commands = {
  connect({ socket: name, url, options }) {
    const socket = io(url, { forceNew: true, reconnectionDelay: 50, ...options });
    sockets.set(name, socket);
    socket.on("connect", () => say(name, "connect", [socket.io.engine.transport.name]));
    socket.on("connect_error", (error) => say(name, "connect_error", [error.message]));
    socket.on("disconnect", (reason) => say(name, "disconnect", [reason]));
    socket.onAny((event, ...args) => say(name, event, args));
  },
  emit({ socket: name, event, args }) {
    sockets.get(name).emit(event, ...args);
  },
  close({ socket: name }) {
    sockets.get(name).disconnect();
  },
};

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const command = JSON.parse(line);
  commands[command.do](command);
});
lines.on("close", () => process.exit(0));
