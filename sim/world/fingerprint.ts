/**
 * The fingerprint of a run: a rolling hash over every dispatched event and every fact of the control level. Equal plans
 * give equal fingerprints, in Node and in a browser (D1). 64 bits as two lanes of 32.
 */
import { murmurString } from '../../engine/hash.ts'

export class Fingerprint {
  #low = 0x811c9dc5 | 0
  #high = 0x01000193 | 0
  readonly #words = new Map<string, number>()

  /** Mixes one number; only its value modulo 2^32 and its magnitude above count. */
  mix(value: number): void {
    const low = value | 0
    const high = Math.floor(value / 0x1_0000_0000) | 0
    this.#low = Math.imul(this.#low ^ low, 0x85ebca6b)
    this.#low ^= this.#low >>> 13
    this.#high = Math.imul(this.#high ^ high ^ this.#low, 0xc2b2ae35)
    this.#high ^= this.#high >>> 16
  }

  /** Mixes a string; its hash is remembered, so a name costs little. */
  mixWord(word: string): void {
    let hash = this.#words.get(word)
    if (hash === undefined) {
      hash = murmurString(word)
      this.#words.set(word, hash)
    }
    this.mix(hash)
  }

  /** Mixes any plain value of a fact, in the order of its fields. */
  mixValue(value: unknown): void {
    if (typeof value === 'number') this.mix(value)
    else if (typeof value === 'string') this.mixWord(value)
    else if (typeof value === 'boolean') this.mix(value ? 1 : 2)
    else if (Array.isArray(value)) for (const item of value) this.mixValue(item)
    else if (typeof value === 'object' && value !== null) this.mixValue(Object.values(value))
    else this.mix(3)
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return hex(this.#high) + hex(this.#low)
  }
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0')
}
