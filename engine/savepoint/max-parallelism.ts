/**
 * Which maximum parallelism a vertex had, from what it stored: a checkpoint does not say it, but the key group of every
 * key follows from it. Must not know files. Invariant: a number that contradicts any stored key is no candidate.
 */
import { keyGroupOf } from '../state/key-groups.ts'

export interface PlacedKey {
  readonly hash: number
  readonly keyGroup: number
}

const MAX_PARALLELISM_LIMIT = 32_768
/** More keys would exclude no further numbers. */
const KEYS_ENOUGH = 2000

/** The numbers that explain all keys, ascending: of a large state only one. `given` is the only one that comes into question. */
export function maxParallelismCandidates(
  keys: Iterable<PlacedKey>,
  given?: number,
): readonly number[] {
  let candidates =
    given === undefined ? Array.from({ length: MAX_PARALLELISM_LIMIT }, (_, i) => i + 1) : [given]
  let seen = 0
  for (const { hash, keyGroup } of keys) {
    candidates = candidates.filter((candidate) => keyGroupOf(hash, candidate) === keyGroup)
    seen += 1
    if (seen === KEYS_ENOUGH) break
  }
  return candidates
}
