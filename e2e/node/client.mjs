// One official Socket.IO client: node client.mjs URL OPTIONS. What it sees goes to stdout, one JSON array a line:
// [event, ...args]. What it is to emit comes from stdin in the same form. It ends with stdin.

import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, options] = process.argv.slice(2);
const say = (...line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const socket = io(url, { reconnectionDelay: 50, reconnectionDelayMax: 200, ...JSON.parse(options) });
socket.on("connect", () => say("connect"));
socket.on("connect_error", (error) => say("connect_error", error.message));
socket.on("disconnect", (reason) => say("disconnect", reason));
socket.onAny((...seen) => say(...seen));

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => socket.emit(...JSON.parse(line)));
lines.on("close", () => process.exit(0));
