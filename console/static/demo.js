// The demo's phones: what is typed goes to the simulated platform, its screen is read back.

const HURRY = 250;
const REST = 3000;
const EAGER_FOR = 12000;
const DOTS_FOR = 6000;

const stage = document.getElementById("phones");
const hint = document.getElementById("hint");
const words = stage.dataset;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit",
  minute: "2-digit",
});

function stranger() {
  return `Guest${Math.random().toString(36).slice(2, 7).padEnd(5, "0").toUpperCase()}`;
}

// A stranger each browser: the same person stays the same on the next visit.
function customer() {
  const key = "yingda.demo.customer";
  try {
    const known = localStorage.getItem(key);
    if (known) return known;
    const fresh = stranger();
    localStorage.setItem(key, fresh);
    return fresh;
  } catch {
    return stranger();
  }
}

const contact = (words.contact = customer());

// The platform's screen holds what came from us; what the guest said is kept here for a reload.
class Diary {
  constructor(inbox) {
    this.key = `yingda.demo.said.${inbox}.${contact}`;
    try {
      this.said = JSON.parse(localStorage.getItem(this.key)) ?? [];
    } catch {
      this.said = [];
    }
  }

  add(after, text, subject) {
    this.said = [...this.said, { after, text, subject }].slice(-100);
    this.save();
  }

  save() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.said));
    } catch {
      // Storage is shut: a reload begins anew.
    }
  }

  // A simulator that was started again has forgotten everything, and so do we.
  upTo(newest) {
    if (this.said.some((each) => each.after > newest)) {
      this.said = [];
      this.save();
    }
    return this.said;
  }
}

function carded({ title, description, url }) {
  const link = make("a", "shown-card", make("strong", "", title));
  if (description) link.append(make("span", "about", description));
  if (/^https?:/.test(url)) link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

class Phone {
  constructor(section) {
    this.section = section;
    this.inbox = section.dataset.inbox;
    this.name = section.dataset.name;
    this.shop = section.dataset.shop;
    this.talk = section.querySelector(".talk");
    this.list = section.querySelector("ol");
    this.field = section.querySelector("[name=text]");
    this.subject = section.querySelector("[name=subject]");
    this.after = 0;
    this.diary = new Diary(this.inbox);
    this.told = null;
    this.lost = false;
    this.last = null;
    this.pending = [];
    this.eagerUntil = performance.now() + 1500;
    this.wake = () => {};
    this.typing = make("li", "message us typing", this.face("us"), make("div", "bubble",
      make("i"), make("i"), make("i")));
    this.typing.setAttribute("aria-hidden", "true");
    section.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      this.field.value = "";
      if (text) this.say(text);
    });
    if (this.subject) {
      this.field.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.target.form.requestSubmit();
        }
      });
    }
    this.watch();
  }

  face(from) {
    const face = make("span", `face ${from}`, from === "us" ? this.shop : "");
    face.setAttribute("aria-hidden", "true");
    return face;
  }

  async post(verb, body) {
    const answer = await fetch(`/demo/${this.inbox}/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ contact, ...body }),
    });
    if (!answer.ok) throw new Error(`${verb} ${answer.status}`);
  }

  say(text) {
    if (!this.subject) {
      this.send(text, () => this.post("say", { text }));
      return;
    }
    const subject = this.subject.value.trim() || [...text.split("\n")[0]].slice(0, 60).join("");
    this.send(text, () => this.post("say", { text, subject }), subject);
    this.subject.value = "";
  }

  async send(text, call, subject) {
    const row = this.bubble("me", text, [], undefined, subject);
    row.classList.add("pending");
    this.diary.add(this.after, text, subject);
    this.pending.push({ row, text });
    this.hurry();
    try {
      await call();
      row.classList.remove("pending");
      this.dots(true);
    } catch {
      this.pending = this.pending.filter((each) => each.row !== row);
      row.classList.add("failed");
      const again = make("button", "again", `${words.failed} ${words.retry}`);
      again.type = "button";
      again.addEventListener("click", () => {
        row.remove();
        this.send(text, call, subject);
      });
      row.querySelector(".said").append(again);
    }
  }

  dots(on) {
    clearTimeout(this.dotsTimer);
    if (!on) {
      this.typing.remove();
      return;
    }
    this.list.append(this.typing);
    this.down();
    this.dotsTimer = setTimeout(() => this.dots(false), DOTS_FOR);
  }

  hurry() {
    this.eagerUntil = performance.now() + EAGER_FOR;
    this.wake();
  }

  // Short polls, not long ones: a browser opens six connections to one host and no more.
  async watch() {
    for (;;) {
      try {
        await this.read();
      } catch {
        this.lost = true;
      }
      const eager = performance.now() < this.eagerUntil;
      await Promise.race([
        pause(eager ? HURRY : document.hidden ? REST * 3 : REST),
        new Promise((done) => {
          this.wake = done;
        }),
      ]);
    }
  }

  async read() {
    const query = new URLSearchParams({ contact, after: this.lost ? 0 : this.after, wait: 0 });
    const answer = await fetch(`/demo/${this.inbox}/screen?${query}`);
    if (!answer.ok) return;
    const { messages } = await answer.json();
    if (this.lost && (messages.at(-1)?.number ?? 0) < this.after) this.forget();
    this.lost = false;
    this.told ??= this.pending.length ? [] : [...this.diary.upTo(messages.at(-1)?.number ?? 0)];
    for (const message of messages) {
      if (message.number <= this.after) continue;
      this.recall(message.number);
      this.after = message.number;
      this.show(message);
    }
    this.recall(Infinity);
  }

  forget() {
    this.after = 0;
    this.last = null;
    this.diary.upTo(-1);
    for (const row of this.list.querySelectorAll(".message")) row.remove();
  }

  recall(before) {
    while (this.told.length && this.told[0].after < before) {
      const { text, subject } = this.told.shift();
      this.bubble("me", text, [], undefined, subject);
    }
  }

  show(message) {
    const mine = message.from === "me";
    if (mine && this.pending.length) {
      // A tap comes back in the platform's own words, so order counts and not text.
      this.pending.shift().row.classList.remove("pending");
      return;
    }
    if (!mine) this.dots(false);
    const { text, options = [], number, subject, cards = [] } = message;
    const row = this.bubble(mine ? "me" : "us", text, options, number, subject);
    if (cards.length) row.querySelector(".bubble").replaceChildren(...cards.map(carded));
    // Who answers a mail keeps its subject, unless another one was begun.
    if (this.subject && subject && !this.field.value) this.subject.value = subject;
  }

  bubble(from, text, options, number, subject) {
    const bubble = make("div", "bubble", text);
    bubble.dir = "auto";
    if (subject) {
      if (subject === text) bubble.textContent = "";
      const heading = make("p", "subject", subject);
      heading.dir = "auto";
      bubble.prepend(heading);
    }
    const said = make("div", "said", bubble);
    const row = make("li", `message ${from}`, this.face(from), said);
    const speaker = from === "us" ? this.section.querySelector("strong").textContent : words.you;
    const time = make("time", "", clock.format(new Date()));
    const who = make("p", "who", speaker, " ", time);
    said.prepend(who);
    if (this.last === from) row.classList.add("follows");
    this.last = from;
    if (options.length) said.append(this.buttons(options, number));
    if (this.typing.isConnected) this.typing.before(row);
    else this.list.append(row);
    this.down();
    return row;
  }

  buttons(options, number) {
    const group = make("div", "options");
    options.forEach(([, label], index) => {
      const button = make("button", "option", label);
      button.type = "button";
      button.addEventListener("click", () => {
        for (const each of group.children) each.disabled = true;
        button.classList.add("chosen");
        this.send(label, () => this.post("tap", { number, option: index }));
      });
      group.append(button);
    });
    return group;
  }

  down() {
    this.talk.scrollTop = this.talk.scrollHeight;
  }
}

// The website is a real chat in a frame of our own origin.
class Website {
  constructor(section) {
    this.section = section;
    this.name = section.dataset.name;
    this.frame = section.querySelector("iframe");
    addEventListener("blur", () => document.activeElement === this.frame && focus(this));
  }

  say(text) {
    const form = this.frame.contentDocument?.getElementById("composer");
    if (!form) return;
    form.elements.text.value = text;
    form.requestSubmit();
  }
}

const phones = [...stage.querySelectorAll(".phone")].map((each) =>
  each.classList.contains("web") ? new Website(each) : new Phone(each));
let focused = phones[0];

function focus(phone) {
  focused = phone;
  for (const each of phones) each.section.classList.toggle("focused", each === phone);
}

if (phones.length) focus(phones[0]);
for (const phone of phones) {
  phone.section.addEventListener("pointerdown", () => focus(phone));
  phone.section.addEventListener("focusin", () => focus(phone));
}
for (const sample of document.querySelectorAll(".sample")) {
  sample.addEventListener("click", () => {
    if (!focused) return;
    focused.say(sample.textContent.trim());
    hint.textContent = words.hint.replace("{phone}", focused.name);
    focused.section.scrollIntoView({ block: "nearest", inline: "center" });
  });
}
