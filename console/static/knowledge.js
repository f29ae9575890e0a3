// The list: categories are folded in where they would push the list out of sight.
"use strict";
{
  const tree = document.querySelector(".tree > details");
  if (tree && matchMedia("(max-width: 1280px)").matches) tree.open = false;
}

// The list: what can be done with chosen entries shows once there are any.
{
  const form = document.querySelector("[data-chosen]");
  if (form) {
    const all = form.querySelector("[data-all]");
    const number = form.querySelector("[data-number]");
    const ticks = [...form.querySelectorAll('input[name="key"]')];
    const show = () => {
      const chosen = ticks.filter((each) => each.checked).length;
      all.checked = chosen === ticks.length;
      all.indeterminate = chosen > 0 && !all.checked;
      form.querySelector(".choosing").classList.toggle("any", chosen > 0);
      number.textContent = chosen ? number.dataset.text.replace("{number}", chosen) : "";
    };
    all.addEventListener("change", () => { for (const each of ticks) each.checked = all.checked; show(); });
    form.addEventListener("change", show);
    form.classList.add("scripted");
    window.addEventListener("pageshow", show);
    show();
  }
}

// The editor: the answer as a customer of one channel sees it, while it is written.
(() => {
  const form = document.getElementById("editor");
  const box = document.querySelector("[data-preview]");
  if (!form || !box) return;
  const channel = box.querySelector("[data-preview-channel]");
  const language = box.querySelector("[data-preview-language]");
  const shown = box.querySelector("[data-preview-text]");
  const count = box.querySelector("[data-preview-count]");
  const files = box.querySelector("[data-preview-files]");

  function length(text, unit) {
    if (unit === "bytes") return new TextEncoder().encode(text).length;
    return unit === "utf16" ? text.length : [...text].length;
  }

  function written(code) {
    const field = form.elements.namedItem(`answer_${code}`);
    return field ? field.value.trim() : "";
  }

  function answer() {
    const own = written(`${language.value}@${channel.value}`) || written(language.value);
    if (own) return own;
    const fields = [...form.querySelectorAll('textarea[name^="answer_"]')];
    const fits = (field) => field.value.trim() && (!field.name.includes("@") || field.name.endsWith(`@${channel.value}`));
    const other = fields.find(fits);
    return other ? other.value.trim() : "";
  }

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  function show() {
    const text = answer();
    const place = channel.selectedOptions[0];
    const limit = Number(place?.dataset.limit ?? 0);
    const unit = place?.dataset.unit ?? "characters";
    const used = length(text, unit);
    const pieces = limit ? Math.ceil(used / limit) : 1;
    shown.textContent = text || "…";
    const say = !limit ? count.dataset.unlimited : pieces > 1 ? count.dataset.splits : count.dataset.fits;
    const empty = !written(`${language.value}@${channel.value}`) && !written(language.value);
    const told = fill(say, { used, limit, unit: count.dataset[unit], pieces });
    count.textContent = empty ? count.dataset.empty : told;
    count.classList.toggle("over", pieces > 1 || empty);
    showFiles();
  }

  // What goes with this answer on this channel, and how it is sent there.
  function showFiles() {
    const going = [...form.querySelectorAll("[data-file]")].filter((row) => {
      const fits = (select, value) => !row.querySelector(select).value || row.querySelector(select).value === value;
      return fits("[data-file-language]", language.value) && fits("[data-file-channel]", channel.value);
    });
    files.replaceChildren(...going.map((row) => {
      const item = document.createElement("li");
      const how = JSON.parse(row.dataset.ways)[channel.value];
      item.textContent = how ? `${row.dataset.file} · ${how}` : row.dataset.file;
      return item;
    }));
    files.hidden = !going.length;
  }

  box.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("files", show);
  box.addEventListener("change", show);
  show();
})();

// The editor: nobody loses what is not saved yet, and a tried sentence joins it where it is.
(() => {
  const form = document.getElementById("editor");
  if (!form) return;
  let unsaved = "unsaved" in form.dataset;
  const own = form.elements.namedItem("key").value;
  const similar = form.elements.namedItem("similar");
  for (const kind of ["input", "files"]) form.addEventListener(kind, () => { unsaved = true; });
  form.addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  document.addEventListener("submit", (event) => {
    const asked = event.target;
    if (!own || asked.dataset.similar !== own) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const sentence = asked.elements.namedItem("sentence").value;
    const lines = similar.value.split("\n").filter((line) => line.trim());
    if (!lines.includes(sentence)) similar.value = [...lines, sentence].join("\n");
    similar.dispatchEvent(new Event("input", { bubbles: true }));
    similar.dispatchEvent(new Event("change", { bubbles: true }));
    const told = document.createElement("span");
    told.className = "badge good";
    told.setAttribute("role", "status");
    told.textContent = asked.dataset.added;
    asked.replaceWith(told);
  }, true);
})();

// Files that go with the answer: chosen, dropped or pasted; uploaded at once, kept with the draft.
(() => {
  const form = document.getElementById("editor");
  const box = form?.querySelector("[data-files]");
  if (!box) return;
  const told = box.dataset;
  const list = box.querySelector("[data-files-list]");
  const state = box.querySelector("[data-files-state]");
  const input = box.querySelector("[data-files-input]");
  let coming = 0;

  function say(words, isBad) {
    state.textContent = words;
    state.classList.toggle("error", Boolean(isBad));
  }

  async function upload(file) {
    if (file.size > Number(told.largest)) return `${file.name}: ${told.tooLarge}`;
    try {
      const answer = await fetch(`/kb/files?name=${encodeURIComponent(file.name)}`, {
        method: "POST", body: file,
        headers: { "X-CSRF-Token": form.elements.namedItem("csrf").value, "Content-Type": "application/octet-stream" },
      });
      if (answer.ok) {
        list.insertAdjacentHTML("beforeend", await answer.text());
        return "";
      }
      const found = await answer.json().catch(() => ({}));
      return `${file.name}: ${found.problem || told.failed}`;
    } catch { return `${file.name}: ${told.failed}`; }
  }

  async function add(chosen) {
    const problems = [];
    coming += 1;
    say(told.coming);
    for (const file of [...chosen]) {
      const problem = await upload(file);
      if (problem) problems.push(problem);
    }
    coming -= 1;
    if (!coming) say(problems.join(" "), problems.length);
    changed();
  }

  function changed() { form.dispatchEvent(new Event("files")); }

  box.querySelector("[data-files-add]").hidden = false;
  input.addEventListener("change", () => { const chosen = [...input.files]; input.value = ""; add(chosen); });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-file-remove]")?.closest("[data-file]");
    if (!row) return;
    row.remove();
    input.focus();
    changed();
  });
  form.addEventListener("paste", (event) => {
    // A piece of a table is pasted as words, though it brings a picture of itself.
    if (!event.clipboardData.files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    add(event.clipboardData.files);
  });
  for (const kind of ["dragover", "drop"]) {
    form.addEventListener(kind, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      if (kind === "drop") add(event.dataTransfer.files);
    });
  }
})();
