// The web chat's API: send, pull by cursor, and a stream of hints that says when to pull.

import { Stream } from "./stream.js";

const SAFETY_NET = 5000;
const PAGE = 20;

export class Gone extends Error {}

// An answer that was not 2xx.
function refused(what, answer) {
  return Object.assign(new Error(`${what} ${answer.status}`), { status: answer.status });
}

export class Wire {
  constructor(inbox, vault) {
    this.root = `/inboxes/${encodeURIComponent(inbox)}`;
    this.vault = vault;
    this.position = 0;
    this.seen = 0;
    this.onmessages = () => {};
    this.onstatus = () => {};
    this.ontyping = () => {};
    this.onstate = () => {};
    this.pulling = false;
    this.dirty = false;
    this.listening = false;
    this.asking = null;
  }

  async attach(file) {
    const token = await this.visitor();
    const answer = await fetch(`${this.root}/files?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream", Authorization: `Bearer ${token}` },
      body: file,
    });
    if (!answer.ok) throw refused("attach", answer);
    return answer.json();
  }

  async file(id) {
    const answer = await fetch(`${this.root}/files/${id}`, { headers: this.headers });
    if (!answer.ok) throw refused("file", answer);
    return answer.blob();
  }

  async send(text, echo, select, files = []) {
    const body = { text, echo_id: echo };
    if (files.length) body.files = files;
    if (select !== undefined) body.select = select;
    for (let fresh = false; ; fresh = true) {
      const token = await this.visitor();
      const answer = await this.post("messages", JSON.stringify(body), token);
      if (answer.ok) break;
      if (answer.status !== 401 || fresh) throw refused("send", answer);
      this.forget();
    }
    this.listen();
    this.pull();
  }

  // Hints that may be lost: that the visitor types, up to where they have read.
  hint(path) {
    if (this.vault.token) this.post(path, null, this.vault.token).catch(() => {});
  }

  types() {
    this.hint("typing");
  }

  hasRead(position) {
    if (position <= this.seen) return;
    this.seen = position;
    this.hint(`read?position=${position}`);
  }

  post(path, body, token) {
    const headers = { Authorization: `Bearer ${token}` };
    if (body !== null) headers["Content-Type"] = "application/json";
    return fetch(`${this.root}/${path}`, { method: "POST", headers, body, signal: AbortSignal.timeout(15000) });
  }

  visitor() {
    if (this.vault.token) return Promise.resolve(this.vault.token);
    this.asking ??= this.meet().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  async meet() {
    const { vault } = this;
    const identity = vault.signed ? await vault.fresh() : vault.identity;
    if (identity) {
      const answer = await this.introduce({ identity });
      if (answer.ok) {
        vault.hold((await answer.json()).token);
        return vault.token;
      }
      if (answer.status >= 500) throw refused("visitor", answer);
      console.warn(`Yingda: ${await answer.text()}`);
    }
    if (vault.signed) {
      // Whoever was signed in must not go on as somebody else.
      this.onstate("over");
      throw new Error("the page does not say any more who is signed in");
    }
    vault.identity = null;
    vault.token = vault.unsigned ?? null;
    if (vault.token) return vault.token;
    const answer = await this.introduce();
    if (!answer.ok) throw refused("visitor", answer);
    vault.keep((await answer.json()).token);
    return vault.token;
  }

  introduce(said) {
    const signal = AbortSignal.timeout(15000);
    if (!said) return fetch(`${this.root}/visitors`, { method: "POST", signal });
    const headers = { "Content-Type": "application/json" };
    return fetch(`${this.root}/visitors`, { method: "POST", headers, body: JSON.stringify(said), signal });
  }

  forget() {
    this.vault.keep(null);
    if (!this.vault.signed) this.position = this.seen = 0;
  }

  get headers() {
    return { Authorization: `Bearer ${this.vault.token}` };
  }

  // One pull at a time; a hint that comes meanwhile makes it pull once more.
  async pull() {
    if (!this.vault.token) return;
    if (this.pulling) {
      this.dirty = true;
      return;
    }
    this.pulling = true;
    try {
      do {
        this.dirty = false;
        if ((await this.page()) >= PAGE) this.dirty = true;
      } while (this.dirty);
    } catch (problem) {
      if (problem instanceof Gone) this.forget();
    } finally {
      this.pulling = false;
    }
  }

  async page() {
    const answer = await fetch(`${this.root}/messages?after=${this.position}`, {
      headers: this.headers,
      signal: AbortSignal.timeout(15000),
    });
    if (answer.status === 401) throw new Gone();
    if (!answer.ok) throw refused("pull", answer);
    const { messages, status } = await answer.json();
    const fresh = messages.filter((m) => m.position > this.position);
    if (fresh.length) {
      this.position = fresh[fresh.length - 1].position;
      this.onmessages(fresh);
    }
    this.onstatus(status);
    return fresh.length;
  }

  listen() {
    if (this.listening || !this.vault.token) return;
    this.listening = true;
    const stream = new Stream(async () => {
      if (!this.vault.token && this.vault.signed) await this.visitor();
      if (!this.vault.token) throw new Gone();
      return fetch(`${this.root}/stream?after=${this.position}`, { headers: this.headers, signal: stream.signal });
    });
    stream.onstate = (state) => this.onstate(state);
    stream.onbreak = () => this.pull();
    stream.onopen = () => this.pull();
    stream.onevent = (name, data) => {
      if (name === "status") this.onstatus(data);
      else if (name === "typing") this.ontyping();
      else this.pull();
    };
    stream.follow();
    setInterval(() => document.hidden || this.pull(), SAFETY_NET);
    // Who wakes up does not wait until the line is found to be dead.
    const awake = () => {
      if (document.hidden) return;
      this.pull();
      stream.check();
    };
    // The old line belongs to the network that went away.
    addEventListener("online", () => {
      this.pull();
      stream.check(0);
    });
    addEventListener("pageshow", awake);
    addEventListener("offline", () => this.onstate("lost"));
    document.addEventListener("visibilitychange", awake);
  }
}
