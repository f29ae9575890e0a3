// Copies an address; where the browser has no clipboard it marks the text instead.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    const label = button.querySelector(".label");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      const before = label.textContent;
      label.textContent = button.dataset.copied;
      setTimeout(() => { label.textContent = before; }, 2000);
    } catch {
      field.focus();
    }
  });
}
