// The visitor's chat: what is typed or tapped goes out at once, what is answered comes by pull.

import { Tray, shown as shownFile } from "./chat/files.js";
import { Outbox } from "./chat/outbox.js";
import { Standing } from "./chat/standing.js";
import { Vault } from "./chat/vault.js";
import { View } from "./chat/view.js";
import { Wire } from "./chat/wire.js";

const DOTS_FOR = 8000;
const TYPING_FOR = 6000;
const TYPING_EVERY = 3000;
const LONGEST = 4000;
const IME_GUARD = 80;

const body = document.body;
const words = document.getElementById("words").dataset;
const origins = (body.dataset.origins || "").split(" ").filter(Boolean);
const log = document.getElementById("log");
const form = document.getElementById("composer");
const field = form.elements.text;
const banner = document.getElementById("connection");
const vault = new Vault(body.dataset.inbox, origins);
const view = new View(log, words, document.documentElement.lang);
const wire = new Wire(body.dataset.inbox, vault);
const outbox = new Outbox(wire);
const standing = new Standing(words, document.documentElement.lang);
const input = document.getElementById("attach");
const tray = input && new Tray(document.getElementById("tray"), input, words, wire);

let dotsTimer = 0;
let composedAt = 0;
let shown = true;
let unread = 0;
let newest = 0;
let typedAt = -TYPING_EVERY;

function dots(on, who = "bot", length = DOTS_FOR) {
  clearTimeout(dotsTimer);
  view.waiting(on, who);
  if (on) dotsTimer = setTimeout(() => view.waiting(false), length);
}

// What lies before somebody's eyes is read; a hidden window has none before it.
function noticed() {
  if (shown && !document.hidden && newest) wire.hasRead(newest);
}

function say(text, select, files = []) {
  const echo = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  body.classList.add("begun");
  view.echo(echo, [text, ...files.map((file) => file.name)].filter(Boolean).join("\n"));
  if (standing.withBot) dots(true);
  outbox.add({ echo, text, select, files: files.map((file) => file.proof) });
}

function arrived(messages) {
  body.classList.add("begun");
  for (const message of messages) {
    view.show(message);
    if (message.author === "contact") continue;
    newest = message.position;
    dots(false);
    if (!shown) unread += 1;
  }
  noticed();
  vault.tell({ yingda: "unread", count: unread });
}

function submit() {
  const text = field.value.trim().slice(0, LONGEST);
  if (tray?.busy || !(text || tray?.ready)) return;
  field.value = "";
  const files = tray?.take() ?? [];
  grow();
  say(text, files.length ? undefined : view.offered(text), files);
  field.focus();
}

function grow() {
  field.style.blockSize = "auto";
  field.style.blockSize = `${Math.min(field.scrollHeight + 2, 140)}px`;
  form.classList.toggle("empty", tray?.busy || !(field.value.trim() || tray?.ready));
}

if (tray) {
  tray.onchange = grow;
  field.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    tray.add(event.clipboardData.files);
  });
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
field.addEventListener("input", () => {
  grow();
  if (!field.value || !standing.withPerson || performance.now() - typedAt < TYPING_EVERY) return;
  typedAt = performance.now();
  wire.types();
});
field.addEventListener("compositionend", () => {
  composedAt = performance.now();
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey) return;
  // Enter that ends a pinyin word is not yet a wish to send; some browsers report it late.
  const composing = event.isComposing || event.keyCode === 229;
  if (composing || performance.now() - composedAt < IME_GUARD) return;
  event.preventDefault();
  submit();
});
for (const button of document.querySelectorAll(".suggestion")) {
  button.addEventListener("click", () => say(button.textContent.trim()));
}
function close() {
  vault.tell({ yingda: "close" });
}
document.getElementById("close")?.addEventListener("click", close);
document.addEventListener("keydown", (event) => {
  // Escape that throws a pinyin word away is none that closes the chat.
  const composing = event.isComposing || event.keyCode === 229;
  if (event.key === "Escape" && !composing && !event.defaultPrevented) close();
});

view.ontap = (option) => {
  say(option.label, option.value);
  field.focus({ preventScroll: true });
};
view.onretry = (echo) => outbox.again(echo);
outbox.onsettle = (echo, state) => {
  if (state !== "sending" && state !== "sent") dots(false);
  view.settle(echo, state);
};
view.onfile = (part) => shownFile(part, words, (id) => wire.file(id));
wire.onmessages = arrived;
wire.onstatus = (status) => {
  view.steady(() => standing.show(status));
  view.read(status.read);
};
wire.ontyping = () => dots(true, "agent", TYPING_FOR);
wire.onstate = (state) => {
  // Only the page can mend this: that the line is lost as well is no news.
  if (banner.textContent === words.over && state === "lost") return;
  banner.hidden = state === "live";
  banner.textContent = state === "over" ? words.over : words.lost;
  if (state === "live") outbox.run();
};
addEventListener("online", () => outbox.run());
document.addEventListener("visibilitychange", noticed);
vault.onshown = (now) => {
  shown = now;
  if (!shown) return;
  unread = 0;
  noticed();
  field.focus();
};

// Only now does anybody listen: a word sent before would have been lost.
field.readOnly = false;
form.querySelector(".send").disabled = false;
grow();
await vault.open();
body.classList.toggle("embedded", vault.host !== null);
if (vault.identity) await wire.visitor().catch(() => {});
await wire.pull();
log.removeAttribute("aria-busy");
wire.listen();
