/** Mulberry32: a small seeded generator, so that a failure's decisions can be repeated. */
export class SeededRandom {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(limit) {
    return Math.floor(this.next() * limit);
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  /** A ULID of the present time. */
  ulid() {
    const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let time = Date.now();
    let text = "";
    for (let i = 0; i < 10; ++i) {
      text = alphabet[time % 32] + text;
      time = Math.floor(time / 32);
    }
    for (let i = 0; i < 16; ++i) text += alphabet[this.below(32)];
    return text;
  }
}
