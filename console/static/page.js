// Every page: times that tick, forms that ask first, answers that did not come.
"use strict";
(() => {
  const root = document.documentElement;
  const english = root.lang.startsWith("en");

  function waited(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return english ? `${minutes} min` : `${minutes} 分钟`;
    const rest = `${Math.floor(minutes / 60)}`;
    return english ? `${rest} h ${minutes % 60} min` : `${rest} 小时 ${minutes % 60} 分`;
  }

  function tick() {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[data-since]")) {
      const seconds = Math.max(0, (now - Date.parse(time.dateTime)) / 1000);
      const text = waited(seconds);
      if (time.textContent !== text) time.textContent = text;
      const wait = time.closest(".wait");
      if (wait) {
        wait.classList.toggle("late", seconds >= 300);
        wait.classList.toggle("soon", seconds >= 100 && seconds < 300);
        const sign = wait.querySelector("use");
        const name = seconds >= 300 ? "alert" : "clock";
        if (sign && !sign.getAttribute("href").endsWith(`#${name}`)) {
          sign.setAttribute("href", sign.getAttribute("href").replace(/#.*/, `#${name}`));
        }
      }
    }
  }
  setInterval(() => { if (!document.hidden) tick(); }, 5000);

  function toast() {
    const template = document.getElementById("toast-error");
    const shelf = document.getElementById("toasts");
    if (!template || !shelf) return;
    const shown = template.content.firstElementChild.cloneNode(true);
    shelf.append(shown);
    setTimeout(() => shown.remove(), 6000);
  }

  const settings = {
    get(name, fallback) {
      try {
        const kept = localStorage.getItem(`yingda:${name}`);
        return kept === null ? fallback : kept === "on";
      } catch { return fallback; }
    },
    set(name, on) {
      try { localStorage.setItem(`yingda:${name}`, on ? "on" : "off"); } catch { /* private mode */ }
    },
  };

  // On a phone a row of tabs is longer than the screen: where one is must be seen.
  for (const here of document.querySelectorAll("#main .tabs [aria-current]")) {
    const row = here.parentElement;
    row.scrollLeft += here.getBoundingClientRect().left - row.getBoundingClientRect().left - row.clientWidth / 3;
  }

  // What is long and not what one came for is folded where it would push everything else away.
  if (window.matchMedia("(max-width: 719px)").matches) {
    for (const each of document.querySelectorAll("details[data-folds]")) each.open = false;
  }

  // What was refused is where one goes on.
  document.querySelector('#main [aria-invalid="true"]')?.focus();

  for (const box of document.querySelectorAll("[data-setting]")) {
    box.checked = settings.get(box.dataset.setting, box.dataset.default === "on");
    box.addEventListener("change", () => settings.set(box.dataset.setting, box.checked));
  }
  document.addEventListener("submit", (event) => {
    const ask = event.submitter?.dataset.confirm ?? event.target.dataset?.confirm;
    if (ask && !window.confirm(ask)) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:error", toast);
  document.addEventListener("htmx:before:swap", (event) => {
    const status = event.detail?.ctx?.response?.raw?.status ?? event.detail?.ctx?.response?.status;
    if (status >= 500 || status === 403 || status === 401) { event.preventDefault(); if (status !== 401) toast(); }
  });
  window.yingda = { settings, toast, tick, english };
})();
