/** Looks at the keyed state of a pipeline under test, without being an access to it. */
import { ConfigurationError } from '../../engine/errors.ts'
import { encodeKey } from '../../engine/serializer.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../engine/state/descriptors.ts'
import type { HarnessVertex } from './harness-vertex.ts'

export type AnyStateDescriptor =
  | ValueStateDescriptor<unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<unknown>
  | AggregatingStateDescriptor<unknown, unknown, unknown>

/** Throws ConfigurationError when it is not clear which operator's state is meant, or when it has none. */
export function storedState(
  vertices: readonly HarnessVertex[],
  descriptor: AnyStateDescriptor,
  key: unknown,
  uid: string | undefined,
): unknown {
  const bytes = encodeKey(key).join(',')
  for (const entry of keyedStateOf(vertices, uid).entries(descriptor.name)) {
    const [, entryKey, value] = entry
    if (encodeKey(entryKey).join(',') !== bytes) continue
    return descriptor.type === 'aggregating' ? descriptor.aggregate.getResult(value) : value
  }
  switch (descriptor.type) {
    case 'list':
      return []
    case 'map':
      return new Map()
    case 'value':
      return descriptor.default?.()
    default:
      return undefined
  }
}

function keyedStateOf(
  vertices: readonly HarnessVertex[],
  uid: string | undefined,
): NonNullable<HarnessVertex['keyedState']> {
  const keyed = vertices.filter(({ keyedState }) => keyedState !== null)
  const meant = uid === undefined ? keyed : keyed.filter(({ uids }) => uids[0] === uid)
  const [only] = meant
  if (meant.length === 1 && only !== undefined && only.keyedState !== null) return only.keyedState
  const names = keyed.map(({ uids: [head] }) => `"${head}"`).join(', ')
  throw new ConfigurationError(
    'harness-which-state',
    keyed.length === 0
      ? 'No operator of this pipeline has keyed state: put a keyBy before it.'
      : `Name the operator whose state is to be looked at by its uid; those with keyed state are ${names}.`,
  )
}
