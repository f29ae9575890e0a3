// Files in the chat: attached before they are sent, fetched with the visitor's token to be shown.

import { make } from "./view.js";

const SVG = "http://www.w3.org/2000/svg";

export const sized = (bytes) =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

function sign(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(document.createElementNS(SVG, "path")).setAttribute("d", path);
  return svg;
}

const PAPER = "M13.5 3.5H7a1.5 1.5 0 0 0-1.5 1.5v14A1.5 1.5 0 0 0 7 20.500h10a1.5 1.5 0 0 0 1.5-1.5V8.500ZM13.500 3.500v5h5";
const CROSS = "M7 7l10 10M17 7L7 17";
const PLAY = "M8 5.500v13l11-6.500Z";

// What is attached and not yet sent.
export class Tray {
  constructor(list, input, words, wire) {
    Object.assign(this, { list, input, words, wire, files: [] });
    this.onchange = () => {};
    input.addEventListener("change", () => {
      this.add(input.files);
      input.value = "";
    });
  }

  add(files) {
    for (const file of files) this.upload(file);
  }

  async upload(file) {
    const state = make("span", "size", this.words.uploading);
    const remove = make("button", "remove", sign(CROSS));
    remove.type = "button";
    remove.setAttribute("aria-label", `${this.words.remove}: ${file.name}`);
    const node = make("li", "coming", make("span", "about", make("bdi", "name", file.name), state), remove);
    const entry = { name: file.name, proof: null, failed: false, node };
    remove.addEventListener("click", () => this.drop(entry));
    this.files.push(entry);
    this.list.append(node);
    this.onchange();
    try {
      const taken = await this.wire.attach(file);
      entry.proof = taken.file;
      entry.name = taken.name;
      node.className = "ready";
      state.textContent = sized(taken.size);
    } catch (problem) {
      entry.failed = true;
      node.className = "failed";
      state.textContent = problem.status === 413 ? this.words.tooLarge : this.words.failed;
    }
    this.onchange();
  }

  drop(entry) {
    this.files = this.files.filter((other) => other !== entry);
    entry.node.remove();
    this.onchange();
  }

  get ready() {
    return this.files.some((file) => file.proof);
  }

  get busy() {
    return this.files.some((file) => !file.proof && !file.failed);
  }

  take() {
    const good = this.files.filter((file) => file.proof);
    for (const file of this.files) file.node.remove();
    this.files = [];
    this.onchange();
    return good;
  }
}

// How a file of a message looks; its content comes when it is wanted.
export function shown(part, words, fetchFile) {
  const name = part.name || words[part.kind] || part.kind;
  if (!part.file) return make("div", "bubble", name);
  if (part.shows === "picture") return picture(part, name, fetchFile);
  if (part.shows === "file") return saving(part, name, fetchFile);
  return playing(part, name, words, fetchFile);
}

function picture(part, name, fetchFile) {
  const image = make("img", "");
  image.alt = name;
  image.width = part.width;
  image.height = part.height;
  const link = make("a", "picture", image);
  link.target = "_blank";
  link.rel = "noopener";
  fetchFile(part.file).then((blob) => {
    link.href = image.src = URL.createObjectURL(blob);
  }).catch(() => link.replaceWith(make("div", "bubble", name)));
  return link;
}

function card(path, name, size) {
  const about = make("span", "about", make("bdi", "name", name));
  if (size) about.append(make("span", "size", sized(size)));
  const button = make("button", "bubble file", sign(path), about);
  button.type = "button";
  return button;
}

function saving(part, name, fetchFile) {
  const button = card(PAPER, name, part.size);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const link = make("a", "");
      link.href = URL.createObjectURL(await fetchFile(part.file));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    } catch { /* it can be tried again */ }
    button.disabled = false;
  });
  return button;
}

function playing(part, name, words, fetchFile) {
  const button = card(PLAY, part.shows === "sound" ? words.voice : name, part.size);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const player = make(part.shows === "sound" ? "audio" : "video", "player");
      player.controls = true;
      player.src = URL.createObjectURL(await fetchFile(part.file));
      player.setAttribute("aria-label", name);
      button.replaceWith(player);
      player.play().catch(() => {});
    } catch { button.disabled = false; }
  });
  return button;
}
