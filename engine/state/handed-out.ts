/**
 * Strict mode: remembers the objects that states hand out, and finds those that were changed in place. States keep
 * copies, so such a change would be lost, silently. Must not know kinds of state.
 * A state that is read and written through Flink's heap backend would keep the change, and through RocksDB not: there
 * it is the same mistake.
 */

import { ConfigurationError } from '../errors.ts'
import { murmur3_32 } from '../hash.ts'
import type { LookupKey } from './lookup-key.ts'

/** Where an object came from: a value, a list, or an entry of a map. */
export interface Origin {
  readonly state: string
  /** Of map entries: what tells map keys apart. */
  readonly mapKey?: unknown
  encode(value: unknown): Uint8Array
}

interface HandedOutObject {
  readonly origin: Origin
  readonly namespace: number
  readonly object: object
  /** Of the object's bytes, when it was handed out or stored last. */
  readonly mark: Mark
}

interface Mark {
  readonly length: number
  readonly hash: number
}

export class HandedOut {
  readonly #operator: string
  readonly #key: LookupKey
  #objects: HandedOutObject[] = []

  constructor(operator: string, key: LookupKey) {
    this.#operator = operator
    this.#key = key
  }

  /** To be called with everything that is handed out. */
  add(origin: Origin, value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    const { namespace } = this.#key
    this.#objects.push({ origin, namespace, object: value, mark: markOf(origin, value) })
  }

  /** `values` were stored there: the objects among them may differ from when they were handed out, others do not count. */
  stored(origin: Origin, values: readonly unknown[]): void {
    this.#replace(origin, (mapKey) => Object.is(mapKey, origin.mapKey), values)
  }

  /** All that the state has for the current key and namespace was removed. */
  cleared(origin: Origin): void {
    this.#replace(origin, () => true, [])
  }

  /** Throws if an object was changed; forgets all. */
  check(): void {
    const objects = this.#objects
    if (objects.length === 0) return
    this.#objects = []
    const changed = objects.find(({ origin, object, mark }) => !isSame(mark, origin, object))
    if (changed === undefined) return
    throw new ConfigurationError(
      'state-mutated-in-place',
      `Operator "${this.#operator}" changed a value of state "${changed.origin.state}" of key ` +
        `${JSON.stringify(String(this.#key.value))} in place and did not store it, so that the change is lost: ` +
        'store the changed value with update (put for a map, add for a reducing state), or change a copy.',
    )
  }

  #replace(origin: Origin, isIt: (mapKey: unknown) => boolean, values: readonly unknown[]): void {
    const { namespace } = this.#key
    this.#objects = this.#objects.flatMap((each) => {
      const isThere = each.origin.state === origin.state && each.namespace === namespace
      if (!isThere || !isIt(each.origin.mapKey)) return [each]
      return values.includes(each.object) ? [{ ...each, mark: markOf(origin, each.object) }] : []
    })
  }
}

function markOf(origin: Origin, object: object): Mark {
  const bytes = origin.encode(object)
  return { length: bytes.length, hash: murmur3_32(bytes) }
}

/** What cannot be encoded any more was changed. */
function isSame(mark: Mark, origin: Origin, object: object): boolean {
  try {
    const { length, hash } = markOf(origin, object)
    return length === mark.length && hash === mark.hash
  } catch {
    return false
  }
}
