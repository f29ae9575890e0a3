// What the visitor sees: bubbles, things to tap, who speaks. All text goes in as text nodes.

const LINK = /https?:\/\/[^\s<>"'，。；！？、）】》]+/g;
const MOST = 400;

export function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function linked(text) {
  const pieces = [];
  let from = 0;
  for (const found of text.matchAll(LINK)) {
    pieces.push(text.slice(from, found.index));
    const anchor = make("a", "", found[0]);
    anchor.href = found[0];
    anchor.target = "_blank";
    anchor.rel = "noopener noreferrer nofollow";
    pieces.push(anchor);
    from = found.index + found[0].length;
  }
  pieces.push(text.slice(from));
  return pieces;
}

export class View {
  constructor(log, words, language) {
    this.log = log;
    this.list = log.querySelector("ol");
    this.words = words;
    this.clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
    this.calendar = new Intl.DateTimeFormat(language, { dateStyle: "full" });
    this.pending = new Map();
    this.ontap = () => {};
    this.onretry = () => {};
    this.onfile = () => null;
    this.last = { author: null, day: null };
    this.dots = this.typingRow("bot");
    this.agentDots = this.typingRow("agent");
    this.seen = null;
  }

  typingRow(author) {
    const dots = make("span", "dots", make("i"), make("i"), make("i"));
    dots.setAttribute("aria-hidden", "true");
    const spoken = make("span", "hidden-text", this.words.typing);
    return make("li", `row ${author} typing`, this.mark(author), make("div", "bubble", dots, spoken));
  }

  mark(author) {
    const mark = make("span", `mark ${author}`, author === "agent" ? this.words.agentMark : "");
    mark.setAttribute("aria-hidden", "true");
    return mark;
  }

  waiting(shown, who = "bot") {
    const [row, other] = who === "agent" ? [this.agentDots, this.dots] : [this.dots, this.agentDots];
    other.remove();
    if (shown === row.isConnected) return;
    if (shown) this.place(row, who === "bot");
    else row.remove();
  }

  // What the visitor sends is there at once, and says how far it has come.
  echo(id, text) {
    const row = this.row("contact", [make("div", "bubble", ...linked(text))], new Date());
    const state = make("span", "state", this.words.sending);
    row.querySelector(".meta").append(state);
    row.classList.add("pending");
    this.pending.set(id, { row, state, text });
    this.place(row, true);
  }

  settle(id, state) {
    const sent = this.pending.get(id);
    if (!sent) return;
    sent.row.classList.toggle("failed", state === "failed");
    sent.state.textContent = this.words[state];
    if (state === "failed") {
      const again = make("button", "again", this.words.retry);
      again.type = "button";
      again.addEventListener("click", () => this.onretry(id));
      sent.state.append(" ", again);
    }
  }

  // Our own bubble is already there; the server's copy of it takes its place.
  confirmed(message) {
    const withFiles = message.parts.some((part) => part.file);
    let id = message.echo_id;
    if (!id || !this.pending.has(id)) {
      id = [...this.pending].find(([, sent]) => sent.text === message.text)?.[0];
    }
    const sent = this.pending.get(id);
    if (!sent) return false;
    this.pending.delete(id);
    if (withFiles) {
      sent.row.remove();
      return false;
    }
    sent.row.classList.remove("pending", "failed");
    sent.row.dataset.position = message.position;
    sent.state.textContent = this.words.sent;
    return true;
  }

  // Under the last of one's own words that somebody at the desk has seen.
  read(position) {
    const own = [...this.list.querySelectorAll(".row.contact[data-position]")];
    const row = own.filter((each) => Number(each.dataset.position) <= position).at(-1);
    if (!row || row === this.seen) return;
    for (const each of own) {
      if (Number(each.dataset.position) <= position) each.querySelector(".state")?.remove();
    }
    row.querySelector(".meta").append(make("span", "state seen", this.words.read));
    this.seen = row;
  }

  show(message) {
    if (message.author === "contact" && this.confirmed(message)) return;
    const blocks = message.parts.map((part) => this.part(part)).filter(Boolean);
    if (!blocks.length && message.text) blocks.push(make("div", "bubble", ...linked(message.text)));
    if (!blocks.length) return;
    const at = message.at ? new Date(message.at) : new Date();
    const row = this.row(message.author, blocks, at, message.name);
    row.dataset.position = message.position;
    this.place(row, false);
  }

  row(author, blocks, at, name) {
    this.day(at);
    const time = make("time", "", this.clock.format(at));
    time.dateTime = at.toISOString();
    const meta = make("p", "meta", time);
    const said = make("div", "said", ...blocks, meta);
    const row = make("li", `row ${author}`);
    const speaker = name || this.words[author] || "";
    if (this.last.author !== author && speaker && author !== "contact") {
      said.prepend(make("p", "speaker", speaker));
    } else if (speaker) {
      said.prepend(make("p", "hidden-text", speaker));
    }
    if (this.last.author === author) row.classList.add("follows");
    this.last.author = author;
    if (author === "bot" || author === "agent") row.append(this.mark(author));
    row.append(said);
    return row;
  }

  day(at) {
    const day = at.toDateString();
    if (this.last.day === day) return;
    if (this.last.day !== null || day !== new Date().toDateString()) {
      this.list.append(make("li", "day", this.calendar.format(at)));
      this.last.author = null;
    }
    this.last.day = day;
  }

  part(part) {
    switch (part.kind) {
      case "text":
        return this.bubble(...linked(part.text));
      case "selection":
        return this.bubble(part.label || part.value);
      case "choices":
        return this.choices(part);
      case "card":
        return this.card(part);
      case "location":
        return this.bubble(`⌖ ${part.label || `${part.latitude}, ${part.longitude}`}`);
      case "image":
      case "voice":
      case "video":
      case "file":
        return this.onfile(part);
      case "unsupported":
        return this.bubble(this.words.unsupported);
      default:
        return null;
    }
  }

  bubble(...children) {
    const bubble = make("div", "bubble", ...children);
    bubble.dir = "auto";
    return bubble;
  }

  card(part) {
    const link = make("a", "shown-card", make("strong", "", part.title));
    if (part.description) link.append(make("span", "about", part.description));
    if (/^https?:/.test(part.url)) link.href = part.url;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    return this.bubble(link);
  }

  choices(part) {
    const options = part.options.map((option, index) => {
      const number = make("span", "number", String(index + 1));
      const button = make("button", "choice", number, make("span", "", option.label));
      button.type = "button";
      button.dataset.value = option.value;
      button.addEventListener("click", () => {
        button.classList.add("chosen");
        for (const each of button.closest("ul").querySelectorAll("button")) each.disabled = true;
        this.ontap(option);
      });
      return make("li", "", button);
    });
    const bubble = this.bubble();
    if (part.prompt) bubble.append(make("p", "prompt", ...linked(part.prompt)));
    bubble.append(make("ul", "choices", ...options));
    return bubble;
  }

  // The number of an offer that still stands is as good as a tap.
  offered(text) {
    const rows = [...this.list.children].filter((row) => !row.classList.contains("typing"));
    const open = rows.at(-1)?.querySelectorAll(".choice:not(:disabled)") ?? [];
    const number = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
    return open[number - 1]?.dataset.value;
  }

  get near() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 160;
  }

  // Whoever reads the end goes on reading it, whatever takes room below.
  steady(change) {
    const { near } = this;
    change();
    if (near) this.log.scrollTop = this.log.scrollHeight;
  }

  place(row, own) {
    const { near } = this;
    const dots = [this.dots, this.agentDots].find((each) => each.isConnected && each !== row);
    this.list.insertBefore(row, dots ?? null);
    while (this.list.children.length > MOST) this.list.firstElementChild.remove();
    if (own || near) this.log.scrollTop = this.log.scrollHeight;
  }
}
