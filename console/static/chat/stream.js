// Server-sent events over fetch, since EventSource sends no token: it comes back by itself,
// and it notices a line that died without a word, as lines do while a computer sleeps.

const SLOWEST = 5000;
const SILENCE = 40000;
const DOUBTFUL = 20000;
const LOOK_EVERY = 5000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Stream {
  constructor(connect) {
    this.connect = connect;
    this.onstate = () => {};
    this.onopen = () => {};
    this.onbreak = () => {};
    this.onevent = () => {};
    this.hurry = () => {};
    this.abort = new AbortController();
    this.heard = Date.now();
    setInterval(() => this.check(SILENCE), LOOK_EVERY);
  }

  get signal() {
    return this.abort.signal;
  }

  // By the clock on the wall: timers stand still in a sleeping computer, it does not.
  check(silence = DOUBTFUL) {
    this.hurry();
    if (Date.now() - this.heard >= silence) this.abort.abort();
  }

  async follow() {
    for (let failures = 0; ; failures += 1) {
      this.abort = new AbortController();
      this.heard = Date.now();
      try {
        await this.read(() => {
          failures = 0;
          this.onstate("live");
        });
      } catch {
        // The next lines wait and try again.
      }
      if (failures > 0) this.onstate("lost");
      const wait = Math.min(SLOWEST, 500 * 2 ** failures);
      const woken = new Promise((done) => {
        this.hurry = done;
      });
      await Promise.race([pause(wait / 2 + (Math.random() * wait) / 2), woken]);
      this.hurry = () => {};
      this.onbreak();
    }
  }

  async read(opened) {
    const answer = await this.connect();
    if (!answer.ok) throw new Error(`stream ${answer.status}`);
    opened();
    this.onopen();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let name = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.heard = Date.now();
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) this.onevent(name, JSON.parse(line.slice(6)));
        else if (!line) name = "";
      }
    }
  }
}
