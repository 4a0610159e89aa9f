/** States and timers of one key group out of their lines, as a backend would have written them. */
import type { ConfigurationError } from '../errors.ts'
import { binary, encodeKey } from '../serializer.ts'
import type { Serializer } from '../serializer.ts'
import { FlatTable } from '../state/flat-table.ts'
import { LookupKey } from '../state/lookup-key.ts'
import { mapKeyId } from '../state/map-container.ts'
import { ownSerializer } from '../state/registration.ts'
import { stampedSerializer } from '../state/stamped-value.ts'
import type { ContainerRow, StateInfo, StateSegment, StoredItem } from '../state/store-segment.ts'
import { ElementCodec } from '../state/stored-element.ts'
import { writeValue } from '../state/stored-value.ts'
import { TimerRows } from '../state/timer-rows.ts'
import { FrozenTimers } from '../state/timer-segment.ts'
import type { TimerSegment } from '../state/timer-segment.ts'
import { lineError } from './parse-line.ts'
import type { KeyedLine, TimerLine } from './parse-line.ts'
import { knownSerializer } from './state-rows.ts'
import { RawValue } from './tagged-json.ts'

/** All lines are of one state and key group; `info` is what they agree on. */
export function segmentOf(info: StateInfo, lines: readonly KeyedLine[]): StateSegment {
  checkUnique(lines)
  return info.kind === 'value' ? valueSegment(info, lines) : containerSegment(info, lines)
}

function valueSegment(info: StateInfo, lines: readonly KeyedLine[]): StateSegment {
  const table = new FlatTable({ isNamespaced: info.isNamespaced })
  const lookup = new LookupKey()
  const own = serializerOf(info.serializer)
  for (const { key, hash, namespace, value, stamps } of lines) {
    lookup.set(key, hash, 0)
    if (info.isNamespaced) lookup.setNamespace(namespace)
    if (info.hasTtl) {
      const stamped = stampedSerializer(own ?? binary)
      writeValue(table, lookup, { at: stamps[0] ?? 0, value }, stamped)
    } else {
      writeValue(table, lookup, value, own)
    }
  }
  return { type: 'value', info, content: table.view().content, isLent: false }
}

function containerSegment(info: StateInfo, lines: readonly KeyedLine[]): StateSegment {
  const keys = new ElementCodec(info.name, serializerOf(info.keySerializer))
  const values = new ElementCodec(info.name, serializerOf(info.serializer))
  const rows = lines.map(({ number, key, hash, namespace, value, stamps }): ContainerRow => {
    const items = (value as readonly unknown[]).map((item, i): StoredItem => {
      const at = stamps[i] ?? 0
      if (info.kind === 'list') return { key: undefined, value: values.store(item), at }
      const [mapKey, mapValue] = item as readonly unknown[]
      return { key: keys.store(mapKey), value: values.store(mapValue), at }
    })
    const ids = new Set(items.map((item) => mapKeyId(item.key)))
    if (info.kind === 'map' && ids.size < items.length) {
      throw lineError(number, 'a key of the map is there twice')
    }
    return { key, hash, namespace, items }
  })
  return { type: 'container', info, rows }
}

/** All lines are of one domain and key group. */
export function timersOf(lines: readonly TimerLine[]): TimerSegment | undefined {
  const [first] = lines
  if (first === undefined) return undefined
  const rows = new TimerRows()
  const lookup = new LookupKey()
  const seen = new Set<string>()
  for (const { number, key, hash, time, start, end, order } of lines) {
    const id = `${idOf(key, hash)} ${time} ${start} ${end}`
    if (seen.has(id)) throw twice(number, 'timer')
    seen.add(id)
    lookup.set(key, hash, 0)
    rows.append(lookup, { time, start, end }, order, 0)
  }
  // With one key group all rows are of key group 0.
  return new FrozenTimers(first.domain, rows.freeze(), 1).group(0)
}

/** What the state's values go through: undefined for the default; bytes as they are for a serializer of the job's. */
function serializerOf(name: string): Serializer<unknown> | undefined {
  const known = knownSerializer(name)
  if (known !== undefined) return ownSerializer(known)
  return {
    name,
    encode: (value) => (value instanceof RawValue ? value.bytes : new Uint8Array()),
    decode: (bytes) => new RawValue(bytes),
  }
}

function checkUnique(lines: readonly KeyedLine[]): void {
  const seen = new Set<string>()
  for (const { number, key, hash, namespace } of lines) {
    const id = `${idOf(key, hash)} ${namespace}`
    if (seen.has(id)) throw twice(number, 'key')
    seen.add(id)
  }
}

function twice(number: number, what: string): ConfigurationError {
  return lineError(number, `the same ${what} is there twice in one state`)
}

/** Equal if the keys are. */
function idOf(key: unknown, hash: number): string {
  return `${hash}:${encodeKey(key).join(',')}`
}
