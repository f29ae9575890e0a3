// The list: categories are folded in where they would push the list out of sight.
"use strict";
{
  const tree = document.querySelector(".tree > details");
  if (tree && matchMedia("(max-width: 1280px)").matches) tree.open = false;
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
  }

  box.hidden = false;
  form.addEventListener("input", show);
  box.addEventListener("change", show);
  show();
})();
