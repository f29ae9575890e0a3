// Who types: what the customer sees of whoever answers, and the other way round.
"use strict";
(() => {
  const SHOWN_FOR = 6000;
  const EVERY = 3000;
  let told = 0;
  let timer = null;
  const opened = () => document.querySelector("#thread[data-conversation]")?.dataset.conversation;

  function show(on) {
    const line = document.getElementById("typing");
    if (line) line.hidden = !on;
    clearTimeout(timer);
    if (on) timer = setTimeout(() => show(false), SHOWN_FOR);
  }

  document.addEventListener("live:whisper", ({ detail }) => {
    if (detail.k === "typing" && detail.conversation === opened()) show(true);
  });
  document.addEventListener("live:event", ({ detail }) => {
    if (detail.k === "message.received" && detail.conversation === opened()) show(false);
  });
  document.addEventListener("input", ({ target }) => {
    const form = target.closest?.("#composer[data-tells]");
    // A note is nobody's business but the colleagues'.
    if (!form || target.id !== "text" || form.dataset.lock || form.dataset.mode !== "reply") return;
    if (!target.value || Date.now() - told < EVERY) return;
    told = Date.now();
    const token = form.querySelector('input[name="csrf"]').value;
    fetch(`/inbox/${opened()}/typing`, { method: "POST", headers: { "X-CSRF-Token": token, "X-Background": "1" } }).catch(() => {});
  });
})();
