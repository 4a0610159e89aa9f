/** Kafka's partitioner for keyed records: positive murmur2 of the key bytes, modulo the number of partitions. */

const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995

/** The 32-bit murmur2 hash that Kafka's DefaultPartitioner uses, as a signed integer. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let hash = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let word =
      byteAt(bytes, at) |
      (byteAt(bytes, at + 1) << 8) |
      (byteAt(bytes, at + 2) << 16) |
      (byteAt(bytes, at + 3) << 24)
    word = Math.imul(word, MULTIPLIER)
    word ^= word >>> 24
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  const rest = length - at
  if (rest === 3) hash ^= byteAt(bytes, at + 2) << 16
  if (rest >= 2) hash ^= byteAt(bytes, at + 1) << 8
  if (rest >= 1) hash = Math.imul(hash ^ byteAt(bytes, at), MULTIPLIER)
  hash ^= hash >>> 13
  hash = Math.imul(hash, MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/** The partition that Kafka's clients choose for a record with this key. */
export function partitionForKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
