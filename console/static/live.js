// What just happened: one stream for all tabs of this browser, told to each of them.
// The page hears `live:event` (detail: {k, id, conversation, ticket, row}), `live:whisper`
// (detail: {k, conversation, position}; true for a moment, kept nowhere), `live:reload`
// (too much was missed), `live:state` (detail: true or false).
"use strict";
(() => {
  const LEADER = "yingda-live";
  const SILENCE = 40000;
  const begin = document.getElementById("desk")?.dataset.liveAfter;
  let last = begin ? Number(begin) : null;
  let leading = false;
  let on = false;
  let source = null;
  let wait = 0;
  let heard = Date.now();
  let timer = null;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(LEADER) : null;

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  function state(on) {
    const banner = document.getElementById("banner");
    if (banner) banner.hidden = on;
    tell("live:state", on);
  }

  function take(message) {
    heard = Date.now();
    if (message.kind === "whisper") { tell("live:whisper", message.whisper); return; }
    if (message.kind === "ask") return;
    if (message.kind === "state") { state(message.on); return; }
    if (message.kind === "reload") { last = message.id; tell("live:reload"); return; }
    if (last !== null && message.id <= last) return;
    last = message.id;
    if (message.event) tell("live:event", message.event);
  }

  function spread(message) {
    take(message);
    channel?.postMessage(message);
  }

  function open() {
    source?.close();
    source = new EventSource(last === null ? "/live" : `/live?after=${last}`);
    source.addEventListener("hello", (event) => {
      wait = 0;
      if (last === null) last = Number(event.lastEventId);
      on = true;
      spread({ kind: "state", on });
    });
    source.addEventListener("reload", (event) => spread({ kind: "reload", id: Number(event.lastEventId) }));
    source.addEventListener("whisper", (event) => spread({ kind: "whisper", whisper: JSON.parse(event.data) }));
    source.onmessage = (event) => {
      const told = JSON.parse(event.data);
      spread({ kind: "event", id: told.id, event: told });
    };
    source.onerror = () => {
      source.close();
      on = false;
      spread({ kind: "state", on });
      wait = Math.min(4000, Math.max(500, wait * 2));
      clearTimeout(timer);
      timer = setTimeout(again, wait * (0.5 + Math.random() / 2));
    };
  }

  async function again() {
    // EventSource does not tell why it failed: a session that ended is asked for by hand.
    try {
      const answer = await fetch("/inbox/counts", { headers: { "X-Background": "1" }, redirect: "manual" });
      if (answer.status === 401 || answer.type === "opaqueredirect") {
        location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
        return;
      }
    } catch { /* the server is away */ }
    open();
  }

  function lead() {
    leading = true;
    open();
    return new Promise(() => {});
  }

  if (channel) {
    channel.onmessage = (event) => {
      if (!leading) take(event.data);
      else if (event.data.kind === "ask") channel.postMessage({ kind: "state", on });
    };
  }
  // Not before the scripts behind this one listen: what is told once would be lost to them.
  document.addEventListener("DOMContentLoaded", () => {
    if (channel && navigator.locks) {
      navigator.locks.request(LEADER, lead);
      channel.postMessage({ kind: "ask" });
    } else {
      // Plain http: no locks, so each tab has a stream of its own and closes it when it goes.
      lead();
    }
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && leading && source?.readyState === EventSource.CLOSED && Date.now() - heard > SILENCE) open();
  });

  // The number of those who wait, on the rail and in the title.
  const title = document.title;
  let counting = null;
  let stale = false;
  async function count() {
    if (counting) { stale = true; return; }
    counting = fetch("/inbox/counts", { headers: { "X-Background": "1" } })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((counts) => { if (counts) show(counts); })
      .catch(() => {});
    await counting;
    setTimeout(() => { counting = null; if (stale) { stale = false; count(); } }, 300);
  }

  function show(counts) {
    for (const [tab, number] of Object.entries(counts)) {
      const place = document.querySelector(`[data-count="${tab}"]`);
      if (place) place.textContent = number;
    }
    const dot = document.getElementById("rail-waiting");
    if (dot) { dot.textContent = counts.queue > 99 ? "99+" : counts.queue; dot.hidden = counts.queue === 0; }
    const plain = document.title.replace(/^\(\d+\) /, "") || title;
    document.title = counts.queue ? `(${counts.queue}) ${plain}` : plain;
  }

  document.addEventListener("live:event", (event) => {
    if (event.detail.conversation) count();
  });
  document.addEventListener("htmx:after:swap", () => count());
  count();
})();
