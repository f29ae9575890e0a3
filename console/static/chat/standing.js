// How the visitor's matter stands: which one in line, or who answers. Told, not guessed.

export class Standing {
  constructor(words, language) {
    this.words = words;
    this.language = language;
    this.place = document.getElementById("standing");
    this.under = document.getElementById("subtitle");
    this.usual = this.under.textContent;
    this.owner = null;
    const ordinals = { one: "st", two: "nd", few: "rd", other: "th" };
    const rules = new Intl.PluralRules(language, { type: "ordinal" });
    this.nth = language.startsWith("en") ? (n) => `${n}${ordinals[rules.select(n)]}` : (n) => String(n);
  }

  get withBot() {
    return this.owner === null || this.owner === "bot";
  }

  get withPerson() {
    return !this.withBot;
  }

  show(status) {
    this.owner = status.owner;
    const { words } = this;
    let line = "";
    if (status.owner === "queue") {
      if (!status.place) line = words.waits;
      else line = status.place === 1 ? words.next : words.nth.replace("{nth}", this.nth(status.place));
    }
    this.put(this.place, line);
    this.place.hidden = !line;
    let under = this.usual;
    if (status.owner === "agent") under = status.name ? words.answers.replace("{name}", status.name) : words.answered;
    else if (line) under = words.waits;
    this.put(this.under, under);
  }

  // The same words again would be read out again.
  put(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }
}
