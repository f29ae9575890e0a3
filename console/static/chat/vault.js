// Who the visitor is: with the page that embeds us lies their token, and its word for who is
// signed in; a chat that stands alone keeps its token in its own storage.

const ANSWER_WITHIN = 600;
const HOST_ANSWERS_WITHIN = 15000;
const FRESH_WITHIN = 10000;

export class Vault {
  constructor(inbox, origins) {
    this.key = `yingda.visitor.${inbox}`;
    this.anywhere = origins.includes("*");
    this.origins = new Set([...origins, location.origin]);
    this.token = null;
    this.identity = null;
    this.signed = false;
    this.host = null;
    this.told = () => {};
    this.onshown = () => {};
  }

  async open() {
    if (window.parent !== window && (await this.ask())) return;
    this.token = this.recall();
  }

  recall() {
    try {
      return localStorage.getItem(this.key);
    } catch {
      return null;
    }
  }

  // A token for somebody signed in is kept nowhere: the page says again who they are.
  hold(token) {
    this.signed = true;
    this.token = token;
  }

  keep(token) {
    this.token = token;
    if (this.signed) return;
    this.unsigned = token;
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
    // Our own loader says that it is there, however busy its page is.
    const patience = location.hash === "#hosted" ? HOST_ANSWERS_WITHIN : ANSWER_WITHIN;
    return new Promise((settle) => {
      const late = setTimeout(() => settle(false), patience);
      addEventListener("message", (event) => {
        if (event.source !== window.parent || !this.trusts(event.origin)) return;
        const said = event.data;
        if (said?.yingda === "token") {
          this.identity = typeof said.identity === "string" ? said.identity : null;
          this.told();
          if (this.host) return;
          this.host = event.origin;
          this.unsigned = typeof said.token === "string" ? said.token : null;
          this.token = this.identity ? null : this.unsigned;
          clearTimeout(late);
          settle(true);
        } else if (said?.yingda === "shown") {
          this.onshown(said.shown === true);
        }
      });
      window.parent.postMessage({ yingda: "hello" }, "*");
    });
  }

  // What the page vouched with may be over by now.
  async fresh() {
    const answered = new Promise((done) => {
      this.told = done;
      setTimeout(done, FRESH_WITHIN);
    });
    this.tell({ yingda: "identify" });
    await answered;
    return this.identity;
  }
}
