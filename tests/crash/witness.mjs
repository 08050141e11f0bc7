/**
 * What one client was promised about one run: every durable event that reached it and every acknowledgement. A promise
 * that changes later is a violation.
 */
export class Witness {
  events = new Map();
  acks = new Map();
  violations = [];
  head = 0;
  isFinished = false;
  /** Holds seen open and not yet closed: hold -> {kind, decided}. */
  holds = new Map();

  constructor(run, body) {
    this.run = run;
    this.body = body;
    this.isCreated = false;
  }

  take(event) {
    const text = JSON.stringify(event);
    const before = this.events.get(event.seq);
    if (before !== undefined && before !== text) {
      this.violations.push(`run ${this.run}: event ${event.seq} was ${before} and is now ${text}`);
    }
    if (event.seq > this.head + 1) {
      this.violations.push(`run ${this.run}: event ${event.seq} came after ${this.head}`);
    }
    this.events.set(event.seq, text);
    this.head = Math.max(this.head, event.seq);
    if (event.type === "hold.opened") this.holds.set(event.data.hold, event.data);
    if (event.type === "hold.closed") this.holds.delete(event.data.hold);
    if (event.type === "run.finished") this.isFinished = true;
  }

  acknowledge(command, seq) {
    const before = this.acks.get(command);
    if (before !== undefined && before !== seq) {
      this.violations.push(`run ${this.run}: command ${command} was acknowledged at ${before} and at ${seq}`);
    }
    this.acks.set(command, seq);
  }
}
