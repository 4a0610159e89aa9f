/**
 * Keyed randomness: the n-th draw of a named stream depends on seed, name and n alone, so that a fault added or removed
 * does not shift the draws of anything else (simulation-and-oracle.md 5.4). Integer arithmetic only.
 */
import { murmurString } from '../../engine/hash.ts'

interface Stream {
  readonly key: number
  counter: number
}

export class Randomness {
  readonly #seed: number
  readonly #streams = new Map<string, Stream>()

  constructor(seed: number) {
    this.#seed = seed
  }

  /** The next integer of the stream in [0, bound); bound from 1 to 2^31. */
  draw(name: string, bound: number): number {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      stream = { key: murmurString(name, this.#seed), counter: 0 }
      this.#streams.set(name, stream)
    }
    return scale(mix(stream.key, stream.counter++), bound)
  }
}

/** Three rounds of a 32-bit finalizer over key and counter; an unsigned integer. */
export function mix(key: number, counter: number): number {
  let x = (key ^ Math.imul(counter + 1, 0x9e3779b1)) | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  x = Math.imul(x ^ (x >>> 16) ^ key, 0x27d4eb2f)
  return (x ^ (x >>> 15)) >>> 0
}

/** Multiplies high: maps an unsigned 32-bit integer to [0, bound) without modulo bias worth speaking of. */
function scale(value: number, bound: number): number {
  return Math.floor((value * bound) / 0x1_0000_0000)
}
