// The web chat's API: send, pull by cursor, and a stream of hints that says when to pull.

const SLOWEST = 5000;
const SAFETY_NET = 5000;
const PAGE = 20;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Gone extends Error {}

export class Wire {
  constructor(inbox, vault) {
    this.root = `/inboxes/${encodeURIComponent(inbox)}`;
    this.vault = vault;
    this.position = 0;
    this.onmessages = () => {};
    this.onstate = () => {};
    this.pulling = false;
    this.dirty = false;
    this.listening = false;
  }

  async attach(file) {
    const token = await this.visitor();
    const answer = await fetch(`${this.root}/files?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream", Authorization: `Bearer ${token}` },
      body: file,
    });
    if (!answer.ok) throw Object.assign(new Error(`attach ${answer.status}`), { status: answer.status });
    return answer.json();
  }

  async file(id) {
    const answer = await fetch(`${this.root}/files/${id}`, { headers: this.headers });
    if (!answer.ok) throw new Error(`file ${answer.status}`);
    return answer.blob();
  }

  async send(text, echo, select, files = []) {
    const body = { text, echo_id: echo };
    if (files.length) body.files = files;
    if (select !== undefined) body.select = select;
    for (let fresh = false; ; fresh = true) {
      const token = await this.visitor();
      const answer = await fetch(`${this.root}/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(15000),
      });
      if (answer.ok) break;
      if (answer.status !== 401 || fresh) throw new Error(`send ${answer.status}`);
      this.forget();
    }
    this.listen();
    this.pull();
  }

  async visitor() {
    if (this.vault.token) return this.vault.token;
    const answer = await fetch(`${this.root}/visitors`, { method: "POST" });
    if (!answer.ok) throw new Error(`visitor ${answer.status}`);
    this.vault.keep((await answer.json()).token);
    return this.vault.token;
  }

  forget() {
    this.vault.keep(null);
    this.position = 0;
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
    if (!answer.ok) throw new Error(`pull ${answer.status}`);
    const { messages } = await answer.json();
    const fresh = messages.filter((m) => m.position > this.position);
    if (fresh.length) {
      this.position = fresh[fresh.length - 1].position;
      this.onmessages(fresh);
    }
    return fresh.length;
  }

  listen() {
    if (this.listening || !this.vault.token) return;
    this.listening = true;
    this.follow();
    setInterval(() => document.hidden || this.pull(), SAFETY_NET);
    addEventListener("online", () => this.pull());
    document.addEventListener("visibilitychange", () => document.hidden || this.pull());
  }

  async follow() {
    for (let failures = 0; ; failures += 1) {
      try {
        await this.stream(() => {
          failures = 0;
          this.onstate("live");
        });
      } catch {
        // The next lines wait and try again.
      }
      if (failures > 0) this.onstate("lost");
      const wait = Math.min(SLOWEST, 500 * 2 ** failures);
      await pause(wait / 2 + (Math.random() * wait) / 2);
      this.pull();
    }
  }

  async stream(opened) {
    if (!this.vault.token) throw new Gone();
    const answer = await fetch(`${this.root}/stream`, { headers: this.headers });
    if (!answer.ok) throw new Error(`stream ${answer.status}`);
    opened();
    this.pull();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      if (lines.some((line) => line.startsWith("data:"))) this.pull();
    }
  }
}
