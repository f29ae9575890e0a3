// Files that go with the next reply: chosen, dropped or pasted; uploaded at once, sent later.
"use strict";
(() => {
  const shelves = new WeakMap();
  const make = (tag, className, ...children) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children);
    return node;
  };
  const sized = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const known = document.querySelector("svg.icon use").getAttribute("href").split("#")[0];
    svg.appendChild(document.createElementNS(svg.namespaceURI, "use")).setAttribute("href", `${known}#${name}`);
    return svg;
  }

  // The composer grows over the thread: who reads its end goes on reading it.
  function keepingEnd(change) {
    const box = document.getElementById("messages");
    const atEnd = box && box.scrollHeight - box.scrollTop - box.clientHeight < 80;
    change();
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  class Shelf {
    constructor(form, token) {
      this.form = form;
      this.token = token;
      this.files = [];
      this.list = form.querySelector("#attached");
      this.input = form.querySelector("#attach");
      this.text = form.querySelector("textarea");
      if (!this.input) return;
      this.input.parentElement.hidden = false;
      this.input.addEventListener("change", () => { this.add(this.input.files); this.input.value = ""; });
      this.text.addEventListener("paste", (event) => {
        if (!event.clipboardData.files.length || !this.open) return;
        event.preventDefault();
        this.add(event.clipboardData.files);
      });
      for (const kind of ["dragover", "drop"]) {
        form.addEventListener(kind, (event) => {
          if (!event.dataTransfer.types.includes("Files") || !this.open) return;
          event.preventDefault();
          if (kind === "drop") this.add(event.dataTransfer.files);
        });
      }
    }

    get open() { return this.form.dataset.mode === "reply"; }

    add(chosen) { for (const file of chosen) this.upload(file); }

    async upload(file) {
      const told = this.input.dataset;
      const entry = { name: file.name, size: file.size, id: null, node: null };
      this.place(entry, told.coming);
      if (file.size > Number(told.largest)) { this.fail(entry, told.tooLarge); return; }
      const headers = { "Content-Type": "application/octet-stream" };
      await this.ask(entry, `files?name=${encodeURIComponent(file.name)}`, { body: file, headers });
    }

    // A file of an answer of the knowledge base: it lies with us already.
    async lend({ lend, entry: answer, name, size }) {
      if (!this.input || !this.open || this.files.some((file) => file.lent === lend)) return;
      const entry = { name, size: Number(size), id: null, node: null, lent: lend };
      this.place(entry, this.input.dataset.coming);
      await this.ask(entry, "files/of-answer", { body: new URLSearchParams({ entry: answer, file: lend }) });
    }

    async ask(entry, where, { body, headers = {} }) {
      const told = this.input.dataset;
      try {
        const answer = await fetch(`${this.form.dataset.base}/${where}`, {
          method: "POST", body, headers: { "X-CSRF-Token": this.token(), ...headers },
        });
        const found = await answer.json().catch(() => ({}));
        if (!answer.ok) { this.fail(entry, found.problem || (answer.status === 413 ? told.tooLarge : told.failed)); return; }
        Object.assign(entry, found);
        this.settle(entry);
      } catch { this.fail(entry, told.failed); }
    }

    place(entry, words) {
      entry.state = make("span", "muted small", words);
      const remove = make("button", "button quiet square small", icon("close"));
      remove.type = "button";
      remove.title = this.input.dataset.remove;
      remove.setAttribute("aria-label", `${this.input.dataset.remove}: ${entry.name}`);
      remove.addEventListener("click", () => this.drop(entry));
      entry.sign = make("span", "sign", icon("file"));
      entry.node = make("li", "coming", entry.sign, make("span", "about", make("span", "name", entry.name), entry.state), remove);
      this.files.push(entry);
      keepingEnd(() => this.list.append(entry.node));
      this.need();
    }

    settle(entry) {
      entry.node.className = "ready";
      entry.state.textContent = sized(entry.size);
      if (entry.kind !== "image") { entry.sign.replaceChildren(icon(entry.kind)); return; }
      const picture = make("img", "");
      picture.alt = "";
      picture.src = `/media/${entry.id}`;
      picture.addEventListener("error", () => entry.sign.replaceChildren(icon("image")));
      entry.sign.replaceChildren(picture);
    }

    fail(entry, words) {
      entry.failed = true;
      entry.node.className = "failed";
      entry.state.textContent = words;
      entry.state.setAttribute("role", "alert");
      this.need();
    }

    drop(entry) {
      this.files = this.files.filter((other) => other !== entry);
      entry.node.remove();
      this.need();
      this.text.focus();
    }

    // Words are needed only where there is no file.
    need() { this.text.required = !this.files.some((file) => !file.failed); }

    take() {
      const good = this.files.filter((file) => !file.failed);
      if (good.some((file) => !file.id)) return null;
      for (const file of this.files) file.node.remove();
      this.files = [];
      this.need();
      return good;
    }

    restore(files) {
      for (const file of files) { this.files.push(file); this.list.append(file.node); }
      this.need();
    }
  }

  window.yingda.attached = {
    prepare(form, token) { shelves.set(form, new Shelf(form, token)); },
    lend(form, file) { return shelves.get(form)?.lend(file); },
    take(form) { const shelf = shelves.get(form); return shelf ? shelf.take() : []; },
    restore(form, files) { shelves.get(form)?.restore(files); },
  };
})();
