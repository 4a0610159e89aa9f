// Key groups: the unit in which keyed state is redistributed when the parallelism changes.
// Knows only arithmetic; must not know keys, tables or subtasks.
// Invariant: the ranges of all operator indexes partition 0..maxParallelism-1, and
// operatorIndexOf(g) is the index whose range contains g.
// Source: Flink KeyGroupRangeAssignment. Flink takes murmur(key.hashCode()) % maxParallelism;
// a key's hash is already a murmur3 here (engine/hash.ts), so the sign bit is dropped and that is all.

import { ConfigurationError } from '../errors.ts'

/** An inclusive range of key groups. */
export interface KeyGroupRange {
  readonly first: number
  readonly last: number
}

/** Throws a ConfigurationError unless the key group lies in the range. */
export function checkInRange({ first, last }: KeyGroupRange, keyGroup: number): void {
  if (keyGroup >= first && keyGroup <= last) return
  throw new ConfigurationError(
    'key-group-out-of-range',
    `Key group ${keyGroup} cannot be restored here: this backend has the key groups ${first} to ${last}.`,
  )
}

export function keyGroupOf(hash: number, maxParallelism: number): number {
  return (hash & 0x7fffffff) % maxParallelism
}

export function operatorIndexOf(
  keyGroup: number,
  maxParallelism: number,
  parallelism: number,
): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism)
}

export function keyGroupRange(
  index: number,
  maxParallelism: number,
  parallelism: number,
): KeyGroupRange {
  return {
    first: Math.ceil((index * maxParallelism) / parallelism),
    last: Math.ceil(((index + 1) * maxParallelism) / parallelism) - 1,
  }
}
