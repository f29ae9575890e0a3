// A form in a window, as some platforms open one after a tap; it is handed in on their wire.

const LOOK = 250;
const LOOKS = 16;

const stage = document.getElementById("phones");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function make(tag, about, ...children) {
  const node = Object.assign(document.createElement(tag), about);
  node.append(...children);
  return node;
}

class Sheet {
  constructor(section) {
    this.url = `/demo/${section.dataset.inbox}/form`;
    this.screen = section.querySelector(".screen");
    this.closed = null;
    section.addEventListener("click", (event) => {
      if (event.target.closest(".option")) this.look();
    });
    // Before the phone empties the field: a command may open a form, too.
    section.addEventListener("submit", (event) => {
      if (event.target.elements.text?.value.startsWith("/")) this.look();
    }, true);
  }

  async read() {
    const answer = await fetch(`${this.url}?contact=${stage.dataset.contact}`);
    return answer.ok ? (await answer.json()).form : null;
  }

  async look() {
    for (let tries = 0; tries < LOOKS; tries += 1) {
      await pause(LOOK);
      const form = await this.read().catch(() => null);
      if (form && form.id !== this.closed) {
        this.open(form);
        return;
      }
    }
  }

  open(form) {
    this.dialog?.remove();
    const fields = form.blanks.map((blank) => this.field(blank));
    const cancel = make("button", { type: "button", textContent: form.close });
    const submit = make("button", { type: "submit", className: "main", textContent: form.submit });
    const sheet = make("form", {}, make("h3", { textContent: form.title }), ...fields,
      make("div", { className: "ends" }, cancel, submit));
    cancel.addEventListener("click", () => this.close(form));
    sheet.addEventListener("submit", (event) => {
      event.preventDefault();
      this.handIn(form, sheet);
    });
    this.dialog = make("dialog", { className: "sheet", ariaLabel: form.title }, sheet);
    this.dialog.addEventListener("keydown", (event) => event.key === "Escape" && this.close(form));
    this.screen.append(this.dialog);
    this.dialog.show();
  }

  field(blank) {
    const input = blank.options.length
      ? make("select", {}, make("option", { value: "" }), ...blank.options.map((each) =>
        make("option", { value: each, textContent: each })))
      : make(blank.long ? "textarea" : "input", { value: blank.value, maxLength: 2000 });
    input.name = blank.name;
    const wrong = make("small", { className: "wrong", role: "alert" });
    return make("label", {}, blank.label, input, wrong);
  }

  async handIn(form, sheet) {
    const filled = Object.fromEntries(new FormData(sheet));
    const answer = await fetch(this.url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ contact: stage.dataset.contact, filled }),
    }).catch(() => null);
    const still = answer?.ok ? (await answer.json()).form : form;
    if (!still) this.close(form);
    for (const wrong of sheet.querySelectorAll(".wrong")) {
      wrong.textContent = still?.wrong[wrong.previousElementSibling.name] ?? "";
    }
  }

  close(form) {
    this.closed = form.id;
    this.dialog.remove();
  }
}

for (const section of stage.querySelectorAll(".phone.slack")) new Sheet(section);
