/** What registering a state means for its store: its info, and which serializer is the job's own. Must not know stores. */

import { ConfigurationError } from '../errors.ts'
import { binary, json, number, text, type Serializer } from '../serializer.ts'
import type { StateTtl } from './descriptors.ts'
import type { StateInfo, StateKind } from './store-segment.ts'

/** What the descriptors of all states have in common. */
export interface Registration {
  readonly name: string
  readonly namespaced?: boolean
  readonly ttl?: StateTtl
}

export interface RegisteredSerializers {
  readonly key?: Serializer<unknown> | undefined
  readonly value: Serializer<unknown> | undefined
}

export function infoOf(
  kind: StateKind,
  { name, namespaced = false, ttl }: Registration,
  { key = binary, value = binary }: RegisteredSerializers,
): StateInfo {
  return {
    name,
    kind,
    serializer: value.name,
    keySerializer: kind === 'map' ? key.name : '',
    isNamespaced: namespaced,
    hasTtl: ttl !== undefined,
  }
}

/**
 * The serializer, if values go through it; undefined if it adds nothing to how states keep values by themselves. A job's
 * serializer must not have the name of another one of Weir.
 */
export function ownSerializer<T>(serializer: Serializer<T> | undefined): Serializer<T> | undefined {
  if (serializer === undefined) return undefined
  const given: Serializer<unknown> = serializer
  const twin = [binary, number, text, json].find(({ name }) => name === given.name)
  if (twin !== undefined && twin !== given) {
    throw new ConfigurationError(
      'reserved-serializer-name',
      `A serializer of a job must not be called "${given.name}", because Weir has one of that name: rename it.`,
    )
  }
  return given === binary || given === number ? undefined : serializer
}
