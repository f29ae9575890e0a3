// The desk: the list keeps itself fresh, the thread is pulled by cursor, drafts never cross.
"use strict";
(() => {
  const desk = document.getElementById("desk");
  if (!desk) return;
  const me = document.body.dataset.agent;
  const { settings, toast, attached } = window.yingda;
  const thread = () => document.querySelector("#thread[data-conversation]");
  const opened = () => thread()?.dataset.conversation;
  const one = (selector, from = document) => from.querySelector(selector);
  const parse = (html) => { const made = document.createElement("template"); made.innerHTML = html; return made.content; };
  const fetchHtml = (url, options = {}) => fetch(url, {
    ...options, headers: { "HX-Request": "true", "HX-Request-Type": "partial", ...options.headers },
  });

  /* --- the list ------------------------------------------------------------------------- */

  function belongs(line) {
    const { owner, status, assignee, channel } = line.dataset;
    if (desk.dataset.channel && desk.dataset.channel !== channel) return false;
    const is = { resolved: status === "resolved" };
    if (status === "resolved") return desk.dataset.view === "resolved";
    is.all = true;
    is.queue = owner === "queue";
    is.bot = owner === "bot";
    is.mine = owner === "agent" && assignee === me;
    return Boolean(is[desk.dataset.view]);
  }

  function order(line) {
    const rows = one("#rows");
    return rows.dataset.sort === "up" ? Number(line.dataset.sort) : -Number(line.dataset.latest);
  }

  function showLine(html) {
    const rows = one("#rows");
    const line = parse(html).firstElementChild;
    if (!rows || !line) return;
    const old = document.getElementById(line.id);
    const stays = belongs(line) && (old || !desk.dataset.words);
    if (!stays) { old?.remove(); empty(); return; }
    const key = order(line);
    const others = [...rows.querySelectorAll(".line")].filter((other) => other !== old);
    const next = others.find((other) => order(other) > key);
    if (!next && !old && one(".more", rows)) return;
    const before = next || one(".more", rows);
    const shown = old ? renew(old, line) : line;
    const link = one("a", shown);
    if (!old) {
      // Read as text: in a fragment that is not yet on the page a link has no path.
      link.setAttribute("href", link.getAttribute("href").split("?")[0] + search());
      wire(link);
      line.classList.add("fresh");
    }
    if (line.dataset.id === opened()) link.setAttribute("aria-current", "true");
    if (shown.parentNode !== rows || shown.nextElementSibling !== before) {
      const focused = shown.contains(document.activeElement);
      rows.insertBefore(shown, before);
      if (focused) link.focus();
    }
    empty();
  }

  // The row keeps its element and its link: a click that is under way must not be lost.
  function renew(old, line) {
    old.className = line.className;
    for (const { name, value } of line.attributes) if (name.startsWith("data-")) old.setAttribute(name, value);
    one("a", old).replaceChildren(...one("a", line).childNodes);
    return old;
  }

  const search = () => {
    const kept = new URLSearchParams(location.search);
    kept.delete("after");
    const text = kept.toString();
    return text ? `?${text}` : "";
  };

  function empty() {
    const none = one("#rows-empty");
    if (none) none.hidden = Boolean(one("#rows .line"));
  }

  function wire(link) {
    link.setAttribute("hx-get", link.getAttribute("href"));
    link.setAttribute("hx-target", "#thread");
    link.setAttribute("hx-swap", "outerHTML");
    link.setAttribute("hx-push-url", "true");
    window.htmx?.process(link);
  }

  function wireAll() { for (const link of document.querySelectorAll("#rows .line a:not([hx-get])")) wire(link); }

  function choose() {
    for (const link of document.querySelectorAll("#rows .line a")) {
      if (link.closest(".line").dataset.id === opened()) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /* --- the thread ----------------------------------------------------------------------- */

  const scroller = () => one("#messages");
  const atEnd = () => { const box = scroller(); return !box || box.scrollHeight - box.scrollTop - box.clientHeight < 80; };
  const toEnd = () => { const box = scroller(); if (box) box.scrollTop = box.scrollHeight; const more = one("#newest"); if (more) more.hidden = true; };

  let pulling = false;
  let dirty = false;
  async function pull() {
    const now = thread();
    if (!now || document.hidden) { dirty = true; return; }
    if (pulling) { dirty = true; return; }
    pulling = true;
    dirty = false;
    const id = now.dataset.conversation;
    const open = [...now.querySelectorAll(".bubble[data-open], .bubble:has([data-changes])"), ...justRead(now)].slice(-60).map((bubble) => bubble.dataset.key);
    const query = new URLSearchParams({ after: now.dataset.position, fact: now.dataset.fact, open: open.join(",") });
    for (const [key, value] of new URLSearchParams(search())) query.set(key, value);
    try {
      const answer = await fetchHtml(`/inbox/${id}/messages?${query}`, { headers: { "X-Background": "1" } });
      if (answer.ok) { const html = await answer.text(); if (opened() === id) put(html); }
    } catch { dirty = true; }
    pulling = false;
    if (dirty && !document.hidden) setTimeout(pull, 60);
  }

  // What the customer has seen meanwhile, and the page does not show as seen.
  const justRead = (now) => [...now.querySelectorAll(".delivery.sent[data-unseen]")]
    .filter((mark) => Number(mark.dataset.unseen) <= Number(now.dataset.seen))
    .map((mark) => mark.closest(".bubble"));

  function seen(position) {
    const now = thread();
    if (!now || Number(now.dataset.seen) >= position) return;
    now.dataset.seen = position;
    if (justRead(now).length) pull();
  }

  function put(html) {
    const content = parse(html);
    const now = thread();
    const items = one('[data-part="items"]', content);
    const stay = atEnd();
    const bubbles = one("#bubbles", now);
    let added = 0;
    for (const item of [...items.children]) {
      const echo = item.dataset.echo;
      const waiting = echo && one(`.bubble.sending[data-echo="${CSS.escape(echo)}"]`, bubbles);
      if (item.dataset.key && one(`[data-key="${CSS.escape(item.dataset.key)}"]`, bubbles)) continue;
      if (waiting) waiting.replaceWith(item);
      else bubbles.insertBefore(item, one(".bubble.sending", bubbles));
      added += 1;
    }
    if (added) one(".messages-inner > .empty", now)?.remove();
    now.dataset.position = items.dataset.position;
    now.dataset.fact = items.dataset.fact;
    seen(Number(items.dataset.seen));
    for (const state of content.querySelectorAll('[data-part="states"] [data-state-for]')) {
      const bubble = document.getElementById(`m-${state.dataset.stateFor}`);
      one("[data-state-for]", bubble || now)?.replaceWith(state);
      window.htmx?.process(state);
      if (bubble && !["pending", "sending", "uncertain", "failed"].includes(state.dataset.state)) bubble.removeAttribute("data-open");
    }
    for (const fresh of content.querySelectorAll('[data-part="files"] [data-parts-for]')) {
      const old = one(`#m-${CSS.escape(fresh.dataset.partsFor)} [data-parts-for]`, now);
      if (!old || old.dataset.shown === fresh.dataset.shown) continue;
      old.replaceWith(fresh);
      window.htmx?.process(fresh);
      if (stay) toEnd();
    }
    if (!overtaken(one("#thread-head", content))) {
      swapIf(one("#thread-head", content), (fresh, old) => fresh.dataset.version !== old.dataset.version);
      swapIf(one("#composer", content), (fresh, old) => fresh.dataset.lock !== old.dataset.lock, prepareComposer);
    }
    if (added && stay) toEnd();
    else if (added && one("#newest")) one("#newest").hidden = false;
    if (items.hasAttribute("data-heard")) { suggest(); read(); }
  }

  // An answer that set out before one's own click tells of a time when the composer was still locked.
  const overtaken = (head) => Number.parseInt(head?.dataset.version, 10) < Number.parseInt(one("#thread-head")?.dataset.version, 10);

  function swapIf(fresh, changed, then) {
    const old = fresh && document.getElementById(fresh.id);
    if (!old || !changed(fresh, old)) return;
    const writing = old.contains(document.activeElement);
    old.replaceWith(fresh);
    window.htmx?.process(fresh);
    then?.();
    if (writing) one("textarea", fresh)?.focus();
  }

  async function suggest() {
    const id = opened();
    try {
      const answer = await fetchHtml(`/inbox/${id}/suggestions`, { headers: { "X-Background": "1" } });
      if (answer.ok && opened() === id) { const fresh = parse(await answer.text()).firstElementChild; one("#suggestions")?.replaceWith(fresh); }
    } catch { /* the old ones stay */ }
  }

  const token = () => one('#composer input[name="csrf"]')?.value ?? "";
  function read() {
    const id = opened();
    const line = id && document.getElementById(`line-${id}`);
    if (!id || document.hidden || (line && line.dataset.assignee !== me)) return;
    fetch(`/inbox/${id}/read`, { method: "POST", headers: { "X-CSRF-Token": token(), "X-Background": "1" } })
      .then((answer) => {
        if (!answer.ok || !line) return;
        line.classList.remove("unread");
        one(".count", line)?.remove();
      })
      .catch(() => {});
  }

  /* --- writing -------------------------------------------------------------------------- */

  const kept = (mode) => `yingda:draft:${opened()}:${mode}`;
  const keep = (key, value) => { try { if (value) localStorage.setItem(key, value); else localStorage.removeItem(key); } catch { /* private mode */ } };
  const recall = (key) => { try { return localStorage.getItem(key) || ""; } catch { return ""; } };
  let composedAt = 0;
  const ready = new WeakSet();

  function setMode(mode) {
    const form = one("#composer");
    if (!form || (form.dataset.lock && mode !== "note")) return;
    const text = one("textarea", form);
    if (form.dataset.mode !== mode) { keep(kept(form.dataset.mode), text.value); text.value = recall(kept(mode)); }
    form.dataset.mode = mode;
    form.action = `${form.dataset.base}/${mode}${search()}`;
    text.placeholder = text.dataset[mode];
    const label = one("#send .label", form);
    label.textContent = label.dataset[mode];
    for (const button of form.querySelectorAll(".mode")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    keep(`yingda:mode:${opened()}`, mode === "note" ? "note" : "");
  }

  function prepareComposer() {
    const form = one("#composer");
    if (!form || ready.has(form)) return;
    ready.add(form);
    for (const button of form.querySelectorAll(".mode")) {
      button.type = "button";
      button.addEventListener("click", () => { setMode(button.dataset.mode); one("textarea", form).focus(); });
    }
    const text = one("textarea", form);
    if (!text.value) text.value = recall(kept(form.dataset.mode));
    if (!form.dataset.lock && recall(`yingda:mode:${opened()}`) === "note") setMode("note");
    text.addEventListener("input", () => keep(kept(form.dataset.mode), text.value));
    text.addEventListener("compositionend", () => { composedAt = Date.now(); });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || Date.now() - composedAt < 60) return;
      const alone = settings.get("enter-sends", false) && !event.shiftKey && !event.altKey;
      if (event.ctrlKey || event.metaKey || alone) { event.preventDefault(); one("#send", form).click(); }
    });
    attached.prepare(form, token);
    const hint = one(".send-key", form);
    if (settings.get("enter-sends", false) && hint) hint.textContent = hint.textContent.replace("Ctrl+Enter", "Enter");
    form.addEventListener("submit", (event) => {
      if (event.submitter?.hasAttribute("data-notify")) return;
      event.preventDefault();
      if (event.submitter?.hasAttribute("data-take")) { one("#thread-head [aria-keyshortcuts='t']")?.click(); return; }
      send(form, text);
    });
  }

  async function send(form, text) {
    const words = text.value.trim();
    const mode = form.dataset.mode;
    const files = mode === "reply" ? attached.take(form) : [];
    if (!files || !(words || files.length)) return;
    const id = opened();
    const echo = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const key = kept(mode);
    const shown = pending([words, ...files.map((file) => file.name)].filter(Boolean).join("\n"), mode, echo);
    one("#thread-alert").replaceChildren();
    text.value = "";
    toEnd();
    const body = new URLSearchParams({ text: words, echo_id: echo, csrf: token() });
    for (const file of files) body.append("file", file.id);
    try {
      const answer = await fetchHtml(`/inbox/${id}/${mode}`, { method: "POST", body });
      if (answer.ok) { if (recall(key) === words || !text.value) keep(key, text.isConnected ? text.value : ""); pull(); return; }
      attached.restore(form, files);
      refuse(shown, words, key, text, answer.status < 500 ? await answer.text() : null);
      if (answer.status === 409) pull();
    } catch { attached.restore(form, files); refuse(shown, words, key, text, null); }
  }

  function refuse(shown, words, key, text, html) {
    shown.remove();
    keep(key, words);
    if (text.isConnected && !text.value) text.value = words;
    if (html) one("#thread-alert")?.replaceChildren(parse(html));
    else toast();
  }

  function pending(words, mode, echo) {
    const bubble = document.createElement("article");
    bubble.className = `bubble sending ${mode === "note" ? "note" : "agent"}`;
    bubble.dataset.echo = echo;
    const body = bubble.appendChild(document.createElement("div"));
    body.className = "body";
    const said = body.appendChild(document.createElement("p"));
    said.className = "words";
    said.textContent = words;
    const meta = body.appendChild(document.createElement("p"));
    meta.className = "meta";
    meta.textContent = "…";
    one("#bubbles").append(bubble);
    return bubble;
  }

  // The words of a suggested answer, and those of its files that were not left off.
  function insert(button) {
    const form = one("#composer");
    const text = form && one("textarea", form);
    if (!text) return;
    for (const file of button.closest(".suggestion").querySelectorAll("[data-lend]:checked")) attached.lend(form, file.dataset);
    text.setRangeText(button.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input"));
    showPanel(false);
    text.focus();
  }

  /* --- what opens over the thread -------------------------------------------------------- */

  function showPanel(open) {
    const panel = one("#panel");
    if (!panel || panel.classList.contains("open") === open) return false;
    panel.classList.toggle("open", open);
    one("#panel-toggle")?.setAttribute("aria-expanded", String(open));
    one(open ? "#panel-close" : "#panel-toggle")?.focus();
    return true;
  }
  function foldMenu(where) {
    const menu = one(".more-actions[open]");
    if (!menu || menu.contains(where)) return false;
    menu.open = false;
    return true;
  }

  /* --- keys ----------------------------------------------------------------------------- */

  function step(by) {
    const links = [...document.querySelectorAll("#rows .line a")];
    const at = links.findIndex((link) => link.closest(".line").dataset.id === opened());
    const next = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))];
    if (next) { next.click(); next.scrollIntoView({ block: "nearest" }); }
  }

  const press = (key) => one(`#thread-head [aria-keyshortcuts="${key}"]`)?.click();
  const KEYS = {
    j: () => step(1), k: () => step(-1), t: () => press("t"), b: () => press("b"), e: () => press("e"), c: () => press("c"),
    r: () => { setMode("reply"); one("#text")?.focus(); }, n: () => { setMode("note"); one("#text")?.focus(); },
    "/": () => one("#q")?.focus(), "?": () => one("#help")?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
    if (event.altKey && ["1", "2", "3"].includes(event.key)) {
      const button = document.querySelectorAll("#suggestions [data-insert]")[Number(event.key) - 1];
      if (button) { event.preventDefault(); insert(button); }
      return;
    }
    if (event.key === "Escape" && !event.isComposing && (showPanel(false) || foldMenu())) return;
    if (event.key === "Escape" && field && !field.matches("dialog")) { field.blur(); return; }
    if (field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !settings.get("shortcuts", true)) return;
    const act = KEYS[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  /* --- together ------------------------------------------------------------------------- */

  function prepareThread() {
    const now = thread();
    if (!now || ready.has(now)) return;
    ready.add(now);
    prepareComposer();
    choose();
    toEnd();
    read();
    scroller()?.addEventListener("scroll", () => { if (atEnd()) { const more = one("#newest"); if (more) more.hidden = true; } }, { passive: true });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-insert]");
    foldMenu(event.target);
    if (button) insert(button);
    else if (event.target.closest?.("#newest")) toEnd();
    else if (event.target.closest?.("#panel-toggle, #panel-close")) showPanel(!one("#panel").classList.contains("open"));
  });
  // Earlier messages grow upwards: what one reads stays where it is.
  let fromEnd = null;
  document.addEventListener("htmx:before:swap", () => {
    const box = scroller();
    fromEnd = box ? { box, distance: box.scrollHeight - box.scrollTop } : null;
  });
  document.addEventListener("htmx:after:swap", () => {
    wireAll();
    if (thread() && !ready.has(thread())) prepareThread();
    else if (fromEnd?.box.isConnected) fromEnd.box.scrollTop = fromEnd.box.scrollHeight - fromEnd.distance;
    fromEnd = null;
    choose();
  });
  document.addEventListener("live:event", (event) => {
    const told = event.detail;
    if (told.row) showLine(told.row);
    if (told.conversation && told.conversation === opened()) pull();
  });
  document.addEventListener("live:whisper", ({ detail }) => {
    if (detail.k === "read" && detail.conversation === opened()) seen(detail.position);
  });
  document.addEventListener("live:reload", () => { pull(); location.reload(); });
  document.addEventListener("live:state", (event) => {
    one("#live-mark")?.classList.toggle("on", event.detail);
    if (event.detail) pull();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && thread()) { pull(); read(); } });
  window.addEventListener("popstate", () => setTimeout(choose, 0));
  wireAll();
  if (thread()) prepareThread();
})();
