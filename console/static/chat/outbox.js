// What the visitor said and the server has not taken yet: one after the other, in order.

const NEVER = (status) => status >= 400 && status < 500 && ![401, 408, 429].includes(status);

export class Outbox {
  constructor(wire) {
    this.wire = wire;
    this.waiting = [];
    this.refused = new Map();
    this.busy = false;
    this.onsettle = () => {};
  }

  add(said) {
    this.waiting.push(said);
    this.run();
  }

  // By hand, or because the line is back.
  again(echo) {
    const said = this.refused.get(echo);
    if (said) {
      this.refused.delete(echo);
      this.waiting.push(said);
    }
    this.run();
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    while (this.waiting.length) {
      const said = this.waiting[0];
      try {
        this.onsettle(said.echo, "sending");
        await this.wire.send(said.text, said.echo, said.select, said.files);
        this.waiting.shift();
        this.onsettle(said.echo, "sent");
      } catch (problem) {
        if (NEVER(problem.status)) {
          this.waiting.shift();
          this.refused.set(said.echo, said);
          this.onsettle(said.echo, "failed");
          continue;
        }
        for (const each of this.waiting) this.onsettle(each.echo, navigator.onLine ? "failed" : "waiting");
        break;
      }
    }
    this.busy = false;
  }
}
