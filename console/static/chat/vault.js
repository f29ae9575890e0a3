// Where the visitor's token lives: with the page that embeds us, else in our own storage.

const ANSWER_WITHIN = 600;

export class Vault {
  constructor(inbox, origins) {
    this.key = `yingda.visitor.${inbox}`;
    this.anywhere = origins.includes("*");
    this.origins = new Set([...origins, location.origin]);
    this.token = null;
    this.host = null;
    this.onshown = () => {};
  }

  async open() {
    if (window.parent !== window && (await this.ask())) return;
    try {
      this.token = localStorage.getItem(this.key);
    } catch {
      this.token = null;
    }
  }

  keep(token) {
    this.token = token;
    if (this.host) {
      this.tell({ yingda: "token", token });
      return;
    }
    try {
      if (token) localStorage.setItem(this.key, token);
      else localStorage.removeItem(this.key);
    } catch {
      // Storage is shut: the chat lasts as long as the page.
    }
  }

  tell(message) {
    if (this.host) window.parent.postMessage(message, this.host);
  }

  trusts(origin) {
    return origin !== "null" && (this.anywhere || this.origins.has(origin));
  }

  // The embedding page proves itself by its origin; until then it is told nothing of ours.
  ask() {
    return new Promise((settle) => {
      const late = setTimeout(() => settle(false), ANSWER_WITHIN);
      addEventListener("message", (event) => {
        if (event.source !== window.parent || !this.trusts(event.origin)) return;
        const said = event.data;
        if (said?.yingda === "token") {
          this.host = event.origin;
          this.token = typeof said.token === "string" ? said.token : null;
          clearTimeout(late);
          settle(true);
        } else if (said?.yingda === "shown") {
          this.onshown(said.shown === true);
        }
      });
      window.parent.postMessage({ yingda: "hello" }, "*");
    });
  }
}
