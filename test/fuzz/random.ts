/** Numbers from a seed, the same everywhere: Marsaglia's xorshift32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds begin far from one another (Knuth's multiplicative hash), and never with zero.
    this.#state = Math.imul(seed, 0x9e37_79b1) | 1;
    for (let warmUp = 0; warmUp < 8; warmUp++) this.below(1);
  }

  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(all: readonly [T, ...T[]]): T {
    return all[this.below(all.length)] ?? all[0];
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
