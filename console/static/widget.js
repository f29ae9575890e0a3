// Yingda's web chat on any page: <script src=".../widget.js" data-inbox="website" defer></script>
(() => {
  const script = document.currentScript;
  const inbox = script?.dataset.inbox;
  if (!inbox || !/^[a-z0-9_]+$/.test(inbox)) return;
  const home = new URL(script.src).origin;
  const key = `yingda.visitor.${inbox}`;
  const zh = (document.documentElement.lang || navigator.language).toLowerCase().startsWith("zh");
  const words = zh ? ["在线客服", "关闭客服窗口", "条新消息"] : ["Chat with us", "Close the chat", "new"];
  let frame = false;
  let unread = 0;
  let open = false;
  let ready = false;
  let { identity } = script.dataset;

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`:host{all:initial}
button{all:unset;position:fixed;inset:auto 20px 20px auto;inset-inline-end:20px;z-index:2147483646;width:56px;height:56px;border-radius:50%;display:grid;place-items:center;cursor:pointer;color:var(--on-brand,#fff);background:var(--brand,#0b62c4);box-shadow:0 6px 24px #0005}
button:focus-visible{outline:3px solid var(--brand,#0b62c4);outline-offset:3px}
button svg{width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
button b{position:absolute;top:-4px;right:-4px;min-width:22px;box-sizing:border-box;padding:0 6px;border-radius:11px;background:#b42318;color:#fff;font:700 13px/22px system-ui,sans-serif;text-align:center}
[hidden]{display:none!important}
iframe{position:fixed;right:20px;bottom:88px;z-index:2147483647;width:384px;height:min(640px,calc(100vh - 112px));border:0;border-radius:16px;box-shadow:0 12px 48px #0006;background:#fff;color-scheme:auto}
@media(max-width:480px){iframe{inset:0;width:100%;height:100%;border-radius:0}}`);
  root.adoptedStyleSheets = [sheet];
  const colours = document.createElement("link");
  colours.rel = "stylesheet";
  colours.href = `${home}/chat/${inbox}/brand.css`;
  const button = document.createElement("button");
  button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M21 12a8 8 0 0 1-8 8H4l1.8-3.2A8 8 0 1 1 21 12z"/></svg><b hidden></b>';
  const badge = button.querySelector("b");
  button.type = "button";
  root.append(colours, button);

  function read() {
    try { return localStorage.getItem(key); } catch { return null; }
  }
  function keep(token) {
    try {
      if (token) localStorage.setItem(key, token);
      else localStorage.removeItem(key);
    } catch { /* then for this page */ }
  }
  // Asked each time: what the site said may be over.
  async function introduce() {
    let proof;
    try { proof = typeof identity === "function" ? await identity() : identity; } catch { /* nobody */ }
    tell({ yingda: "token", token: read(), identity: proof });
  }
  function tell(message) { if (ready) frame.contentWindow?.postMessage(message, home); }
  function label() {
    badge.hidden = !unread;
    badge.textContent = unread;
    button.setAttribute("aria-label", unread ? `${words[0]}: ${unread} ${words[2]}` : words[open ? 1 : 0]);
    button.setAttribute("aria-expanded", open);
  }
  function show(now, quiet) {
    open = now;
    if (open && !frame) {
      frame = document.createElement("iframe");
      frame.title = words[0];
      frame.src = `${home}/chat/${inbox}?lang=${zh ? "zh" : "en"}#hosted`;
      root.insertBefore(frame, button);
    }
    if (frame) frame.hidden = !open;
    if (open) unread = 0;
    tell({ yingda: "shown", shown: open });
    label();
    if (!open && !quiet) button.focus();
  }
  addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== home) return;
    const said = event.data;
    if (said?.yingda === "hello") {
      ready = true;
      introduce();
      tell({ yingda: "shown", shown: open });
    } else if (said?.yingda === "identify") introduce();
    if (said?.yingda === "token") keep(typeof said.token === "string" ? said.token : null);
    else if (said?.yingda === "close") show(false);
    else if (said?.yingda === "unread") { unread = open ? 0 : said.count | 0; label(); }
  });
  button.addEventListener("click", () => show(!open));
  window.YingdaChat = {
    open: () => show(true),
    close: () => show(false),
    identify(proof) {
      identity = proof;
      frame?.remove();
      frame = ready = false;
      unread = 0;
      show(open, true);
    },
  };
  label();
  if (document.body) document.body.append(host);
  else addEventListener("DOMContentLoaded", () => document.body.append(host));
})();
