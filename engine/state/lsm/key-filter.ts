/**
 * Tells of most keys that a run does not have them, without a look at the run. Must not know runs.
 * Source: Bloom, Space/Time Trade-offs in Hash Coding with Allowable Errors; Kirsch and Mitzenmacher, Less Hashing, Same
 * Performance.
 */

import { murmur3_32 } from '../../hash.ts'

const BITS_PER_KEY = 10
/** Keys that are not there pass with a probability of about one in a hundred. */
const PROBES = 7

export function filterHash(key: Uint8Array): number {
  return murmur3_32(key)
}

/** The bits for keys with these hashes. */
export function buildFilter(hashes: readonly number[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil((hashes.length * BITS_PER_KEY) / 8))
  for (const hash of hashes) {
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = bitOf(hash, probe, bits.length)
      bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7))
    }
  }
  return bits
}

/** False: no key with that hash is there. */
export function mayContain(bits: Uint8Array, hash: number): boolean {
  for (let probe = 0; probe < PROBES; probe += 1) {
    const bit = bitOf(hash, probe, bits.length)
    if (((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false
  }
  return true
}

function bitOf(hash: number, probe: number, bytes: number): number {
  const step = Math.imul(hash, 0x85ebca6b) | 1
  return ((hash + Math.imul(step, probe)) >>> 0) % (bytes * 8)
}
