// The page of the simulator: phones, their chats, and what passes the network. It uses nothing but the admin API.
// Everything shown comes from strangers, so texts enter the page as text nodes only, and addresses are built here.

import { actForm, operations } from "./acts.js";
import { el, sync } from "./element.js";

/** How many of a chat's latest messages are shown. */
const MAX_MESSAGES = 200;
/** How many of the latest stanzas are kept for looking and filtering. */
const MAX_STANZAS = 500;
/** A busy network changes a thousand times a second; people read slower. */
const REST_MS = 150;
/** How long after a failed request the next one is tried. */
const RETRY_MS = 1500;
/** Sides to which a picture is reduced until the API takes it. */
const PICTURE_SIDES = [1024, 720, 512, 360];
/** Longest picture as text; bodies end at 1 MiB. */
const MAX_PICTURE = 1_000_000;
/** What the examples of the API document call its two phones. */
const [EXAMPLE_PHONE, EXAMPLE_CHAT] = ["6281200000101", "6281200000102"];
const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

const $ = (id) => document.getElementById(id);
const state = { phones: [], phone: "", chat: "", messages: [], receipts: [], stanzas: [], paused: false, document: null };

// ---- the API ---------------------------------------------------------------------------------------------------------

async function request(method, path, body, signal) {
  const json = body !== undefined && typeof body !== "string";
  const headers = body === undefined ? {} : { "content-type": json ? "application/json" : "text/plain" };
  const response = await fetch(path, { method, headers, signal, body: json ? JSON.stringify(body) : body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? `The network answered ${response.status}.`);
  return answer;
}

const call = async (...wish) => (await request(...wish)).data;
const of = (number, rest) => `/admin/phones/${encodeURIComponent(number)}${rest}`;

let toastEnds;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => { $("toast").hidden = true; }, 6000);
}

/** An event handler that shows what was refused. */
const act = (work) => async (event) => {
  event?.preventDefault();
  try {
    await work(event);
  } catch (error) {
    toast(error.message);
  }
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let leaving = new AbortController();
document.addEventListener("visibilitychange", () => { if (document.hidden) leaving.abort(); });

/** Does a step again and again while somebody looks: browsers open few connections to one place. */
async function follow(step) {
  for (;;) {
    while (document.hidden) await new Promise((seen) => document.addEventListener("visibilitychange", seen, { once: true }));
    if (leaving.signal.aborted) leaving = new AbortController();
    try {
      await step(leaving.signal);
      live(true);
    } catch (error) {
      if (error.name === "AbortError") continue;
      live(false);
      await sleep(RETRY_MS);
    }
  }
}

function live(yes) {
  $("state").dataset.live = yes ? "yes" : "no";
  const text = yes ? "live" : "no answer, trying again";
  if ($("state").textContent !== text) $("state").textContent = text;
}

// ---- phones ----------------------------------------------------------------------------------------------------------

const nameOf = (number) => state.phones.find((phone) => phone.number === number)?.name ?? number;
const chosen = () => state.phones.find((phone) => phone.number === state.phone);
const initial = (name) => [...name.trim()][0]?.toUpperCase() ?? "?";

function choose(phone, chat = "") {
  if (phone !== state.phone) Object.assign(state, { messages: [], receipts: [] });
  Object.assign(state, { phone, chat });
  history.replaceState(null, "", `#${[phone, chat].filter(Boolean).map(encodeURIComponent).join("/")}`);
  typing(false);
  show();
  for (const input of document.querySelectorAll("[data-number]")) input.value = phone;
  act(refresh)();
}

function view(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll(".views button")) button.setAttribute("aria-pressed", button.dataset.view === name);
}

function devices(phone) {
  const online = phone.devices.filter((device) => device.online).length;
  const queued = phone.devices.reduce((sum, device) => sum + device.queued, 0);
  if (!phone.devices.length) return "no devices";
  return `${online} of ${phone.devices.length} online${queued ? `, ${queued} queued` : ""}`;
}

function showPhones() {
  const items = state.phones.map((phone) => ({ ...phone, chosen: phone.number === state.phone }));
  sync($("phones"), items, (phone) => phone.number, (phone) => el("li", {},
    el("button", { class: "phone", type: "button", "data-act": "choose", "aria-current": String(phone.chosen),
      onclick: () => { choose(phone.number); view("chat"); } },
      el("span", { class: "face", "aria-hidden": "true" }, initial(phone.name)),
      el("span", { class: "name" }, phone.name,
        el("span", { class: "lamps", "aria-hidden": "true" }, phone.devices.map((device) => el("span", { class: device.online ? "lamp on" : "lamp" })))),
      el("span", { class: "more" }, phone.number, el("br"), devices(phone)))));
  $("no-phones").hidden = state.phones.length > 0;
}

function showPerson() {
  const phone = chosen();
  $("person").hidden = $("echo-label").hidden = !phone;
  $("no-phone").hidden = Boolean(phone);
  $("chat-title").textContent = phone ? phone.name : "Chats";
  if (!phone) return;
  $("echo").checked = phone.echo;
  sync($("devices"), phone.devices, (device) => device.id, (device) => el("li", { class: "device" },
    el("span", { class: device.online ? "lamp on" : "lamp", "aria-hidden": "true" }),
    `Device ${device.id}: ${device.online ? "online" : "offline"}${device.queued ? `, ${device.queued} queued` : ""}`,
    el("button", { type: "button", class: "quiet", "data-act": "unlink",
      onclick: act(() => call("DELETE", of(state.phone, `/devices/${device.id}`))) }, "Unlink")));
  sync($("people"), state.phones.filter((other) => other.number !== state.phone), (other) => other.number,
    (other) => el("option", { value: other.number }, other.name));
}

// ---- chats -----------------------------------------------------------------------------------------------------------

/** The name of a chat; other areas of the network name theirs. */
const titleOf = (chat) => (chat === "status@broadcast" ? "Status" : nameOf(chat));

function showChats() {
  const chats = [...new Set(state.messages.map((message) => message.chat).reverse())];
  if (state.chat && !chats.includes(state.chat)) chats.unshift(state.chat);
  if (!state.chat && chats.length) [state.chat] = chats;
  const items = chats.map((chat) => ({ chat, title: titleOf(chat), chosen: chat === state.chat }));
  sync($("chats"), items, (item) => item.chat, (item) => el("li", {}, el("button", { type: "button", "data-act": "chat",
    title: item.chat, "aria-pressed": String(item.chosen), onclick: () => choose(state.phone, item.chat) }, item.title)));
  $("compose").hidden = !state.chat;
}

/** What a receipt may tell about a message; retries and others are the network's business. */
const TICKS = new Set(["delivered", "read", "played"]);
/** Messages with a file. */
const FILES = new Set(["image", "video", "audio", "document", "sticker"]);

function showMessages() {
  const ticks = new Map();
  for (const receipt of state.receipts) if (TICKS.has(receipt.type)) ticks.set(receipt.id, receipt.type);
  const here = state.messages.filter((message) => message.chat === state.chat).slice(-MAX_MESSAGES);
  const items = here.map((message) => ({ ...message, mine: message.from === state.phone, by: message.from === message.chat ? null : nameOf(message.from), tick: ticks.get(message.id) }));
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  sync(list, items, (message) => `${message.chat} ${message.from} ${message.id}`, messageItem);
  list.hidden = !items.length;
  $("no-messages").hidden = items.length > 0;
  if (atEnd) list.scrollTop = list.scrollHeight;
}

const KNOWN = new Set(["id", "chat", "from", "to", "type", "text", "timestamp", "wireRepeats", "mine", "by", "tick"]);

function messageItem(message) {
  const more = Object.fromEntries(Object.entries(message).filter(([name, value]) => !KNOWN.has(name) && value != null));
  const repeats = message.wireRepeats ? `came ${message.wireRepeats + 1} times` : null;
  const text = message.text ?? (message.type === "delete" || message.deletedBy ? "deleted" : null);
  return el("li", { class: message.mine ? "message mine" : "message" },
    !message.mine && message.by && el("p", { class: "by" }, message.by),
    text != null && el("p", { class: message.text == null ? "gone" : "text" }, text),
    FILES.has(message.type) && el("p", {}, el("a", { href: of(state.phone, `/messages/${encodeURIComponent(message.id)}/media`), download: "" }, `Open the ${message.type}`)),
    Object.keys(more).length > 0 && el("details", { class: "more-of" }, el("summary", {}, "More"), el("pre", {}, JSON.stringify(more, null, 1))),
    el("div", { class: "foot" },
      message.type !== "text" && el("span", { class: "kind" }, message.type),
      el("time", { datetime: new Date(message.timestamp * 1000).toISOString() }, clock(message.timestamp * 1000)),
      message.tick && el("span", {}, message.tick),
      repeats && el("span", {}, repeats),
      el("span", { class: "do" }, el("button", { type: "button", class: "quiet", "data-act": "react", "aria-expanded": "false",
        onclick: (event) => reactions(event.currentTarget, message) }, "React"))));
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** Opens or closes the choice of reactions below a message. */
function reactions(button, message) {
  const item = button.closest("li");
  const open = item.querySelector(".emoji");
  button.setAttribute("aria-expanded", String(!open));
  if (open) return open.remove();
  const react = (emoji) => act(async () => {
    await call("POST", of(state.phone, "/react"), { chat: message.chat, messageId: message.id, emoji });
    button.setAttribute("aria-expanded", "false");
    item.querySelector(".emoji")?.remove();
    button.focus();
  });
  const choice = el("div", { class: "emoji", role: "group", "aria-label": "Reactions" },
    EMOJI.map((emoji) => el("button", { type: "button", onclick: react(emoji) }, emoji)),
    el("button", { type: "button", onclick: react("") }, "None"));
  item.append(choice);
  choice.firstElementChild.focus();
}

/** Starts or ends to be seen typing. */
function typing(on) {
  const was = $("typing").getAttribute("aria-pressed") === "true";
  $("typing").setAttribute("aria-pressed", String(on));
  return was !== on;
}

// ---- linking ---------------------------------------------------------------------------------------------------------

async function scan(qr) {
  $("scan-note").textContent = "Waiting for the device to answer…";
  try {
    const linked = await call("POST", of(state.phone, "/scan"), { qr });
    $("scan-note").textContent = `Linked as device ${linked.device}.`;
    $("scan").reset();
  } catch (error) {
    $("scan-note").textContent = error.message;
  }
}

/** Any picture as a PNG that the API takes. */
async function png(file) {
  const bitmap = await createImageBitmap(file);
  for (const side of PICTURE_SIDES) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = el("canvas", { width: Math.ceil(bitmap.width * scale), height: Math.ceil(bitmap.height * scale) });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "white";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const uri = canvas.toDataURL("image/png");
    if (uri.length < MAX_PICTURE) return uri;
  }
  throw new Error("The picture is too large.");
}

const scanPicture = async (file) => scan(await png(file).catch(() => { throw new Error("This is no picture."); }));

// ---- stanzas ---------------------------------------------------------------------------------------------------------

function showStanzas() {
  if (state.paused) return;
  const wish = $("filter").value.trim().toLowerCase();
  const only = $("only-phone").checked ? state.phone : "";
  const fits = (entry) => (!only || entry.number === only)
    && (!wish || `${entry.direction} ${entry.number ?? ""} ${entry.xml}`.toLowerCase().includes(wish));
  sync($("stanzas"), state.stanzas.filter(fits).reverse(), (entry) => entry.seq, (entry) => el("li", { class: "stanza" },
    el("details", {},
      el("summary", {},
        el("span", { class: `way ${entry.direction === "in" ? "in" : "out"}` }, entry.direction),
        el("span", {}, `${entry.tag} ${entry.type ?? ""} `, el("span", { class: "about-it" }, [entry.about, entry.number ? nameOf(entry.number) : "not linked"].filter(Boolean).join(", "))),
        el("time", { datetime: new Date(entry.time).toISOString() }, clock(entry.time))),
      el("pre", {}, entry.xml, entry.cut ? "\n… and more" : ""))));
  const nothing = $("record").checked ? "Recording. Nothing has passed yet." : "Nothing is recorded. Switch “Record” on to see what passes the connections.";
  $("no-stanzas").textContent = state.stanzas.length ? "Nothing that passed fits." : nothing;
  $("no-stanzas").hidden = $("stanzas").childElementCount > 0;
  $("stanzas").hidden = !$("stanzas").childElementCount;
}

let place;
async function readLog(signal) {
  const page = await call("GET", `/admin/log?limit=500${place === undefined ? "" : `&after=${place}`}`, undefined, signal);
  if (place > page.next) state.stanzas = [];
  place = page.next;
  $("record").checked = page.enabled;
  state.stanzas = [...state.stanzas, ...page.entries].slice(-MAX_STANZAS);
  showStanzas();
  if (page.entries.length) await sleep(REST_MS);
}

// ---- faults and every other act -------------------------------------------------------------------------------------

const own = (text) => text.replaceAll(EXAMPLE_PHONE, state.phone || EXAMPLE_PHONE).replaceAll(EXAMPLE_CHAT, state.chat || EXAMPLE_CHAT);

async function readDocument() {
  state.document = await request("GET", "/admin/openapi.json");
  const all = operations(state.document);
  actForm($("all-acts"), all, request, own);
  actForm($("fault-acts"), all.filter(({ tag, method }) => tag === "faults" && method !== "GET"), request, own);
}

function showFaults(faults) {
  sync($("active-faults"), faults, (fault) => fault.id, ({ id, ...fault }) => el("li", { class: "fault" },
    el("span", {}, Object.values(fault).filter((value) => value != null).map((value) => (typeof value === "object" ? JSON.stringify(value) : value)).join(" ")),
    el("button", { type: "button", class: "quiet", "data-act": "end", onclick: act(() => call("DELETE", `/admin/faults/${encodeURIComponent(id)}`)) }, "Remove")));
  $("no-faults").hidden = faults.length > 0;
}

// ---- everything together ---------------------------------------------------------------------------------------------

function show() {
  showPhones();
  showPerson();
  showChats();
  showMessages();
  showStanzas();
}

async function refresh() {
  const { phone } = state;
  const mine = phone && state.phones.some(({ number }) => number === phone);
  const [phones, stats, faults, messages, receipts] = await Promise.all([
    call("GET", "/admin/phones"), call("GET", "/admin/stats"),
    state.document?.paths["/admin/faults"]?.get ? call("GET", "/admin/faults") : [],
    mine ? call("GET", of(phone, "/messages")) : [], mine ? call("GET", of(phone, "/receipts")) : []]);
  state.phones = phones;
  if (phone === state.phone) Object.assign(state, { messages, receipts });
  const odd = [[stats.unknownRequests, "unknown requests"], [stats.undecryptable, "undecryptable"]].filter(([count]) => count);
  $("stats").replaceChildren(`${stats.accounts} phones, ${stats.connections} connections, ${stats.stanzasIn} in, ${stats.stanzasOut} out`,
    ...odd.map(([count, what]) => el("span", { class: "bad" }, `, ${count} ${what}`)));
  showFaults(faults);
  show();
  if (phone && !mine && chosen()) await refresh();
}

for (const button of document.querySelectorAll(".views button")) button.addEventListener("click", () => view(button.dataset.view));

const tabs = [...document.querySelectorAll("[role=tab]")];
function openTab(tab) {
  for (const other of tabs) {
    const open = other === tab;
    other.setAttribute("aria-selected", String(open));
    other.tabIndex = open ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !open;
  }
}
for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => openTab(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    openTab(next);
    next.focus();
  });
}

$("new-phone").addEventListener("submit", act(async () => {
  const form = $("new-phone");
  const number = form.elements.number.value.trim();
  const phone = await call("POST", "/admin/phones", { name: form.elements.name.value, ...(number && { number }) });
  form.reset();
  choose(phone.number);
}));
$("echo").addEventListener("change", act(() => call("POST", of(state.phone, "/echo"), { enabled: $("echo").checked })));
$("scan").addEventListener("submit", act(() => scan($("scan").elements.qr.value.trim())));
$("picture").addEventListener("change", act(async () => {
  const [file] = $("picture").files;
  if (file) await scanPicture(file);
}));
$("scan").addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
  if (file) act(() => scanPicture(file))(event);
});
$("open-chat").addEventListener("submit", act(() => {
  const chat = $("open-chat").elements.chat.value.trim();
  choose(state.phone, chat.includes("@") ? chat : chat.replace(/\D/g, ""));
  $("open-chat").reset();
}));
$("compose").addEventListener("submit", act(async () => {
  const { text } = $("compose").elements;
  await call("POST", of(state.phone, "/send"), { to: state.chat, text: text.value });
  text.value = "";
  typing(false);
  $("messages").scrollTop = $("messages").scrollHeight;
}));
$("compose").elements.text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("compose").requestSubmit();
  }
});
$("typing").addEventListener("click", act(async () => {
  const on = $("typing").getAttribute("aria-pressed") !== "true";
  await call("POST", of(state.phone, "/typing"), { chat: state.chat, typing: on });
  typing(on);
}));
$("read").addEventListener("click", act(async () => {
  const theirs = state.messages.filter((message) => message.chat === state.chat && message.from !== state.phone).slice(-MAX_MESSAGES);
  if (theirs.length) await call("POST", of(state.phone, "/read"), { chat: state.chat, messageIds: theirs.map(({ id }) => id) });
}));
$("record").addEventListener("change", act(() => call("PUT", "/admin/log", { enabled: $("record").checked })));
$("filter").addEventListener("input", showStanzas);
$("only-phone").addEventListener("change", showStanzas);
$("pause").addEventListener("click", () => {
  state.paused = !state.paused;
  $("pause").setAttribute("aria-pressed", String(state.paused));
  showStanzas();
});
$("clear").addEventListener("click", () => {
  state.stanzas = [];
  showStanzas();
});

[state.phone = "", state.chat = ""] = location.hash.slice(1).split("/").map(decodeURIComponent);
if (state.phone) view("chat");
let counter;
follow(async (signal) => {
  if (!state.document) await readDocument();
  const change = await call("GET", `/admin/changes${counter === undefined ? "" : `?after=${counter}`}`, undefined, signal);
  if (change.counter === counter) return;
  await refresh();
  ({ counter } = change);
  await sleep(REST_MS);
});
follow(readLog);
