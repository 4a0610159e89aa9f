// Segments read without a backend, whole or damaged.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashKey, text, type Serializer } from '../../../engine/serializer.ts'
import { CorruptStateError } from '../../../engine/state/corrupt-state-error.ts'
import { decodeKeyGroup } from '../../../engine/state/decode-key-group.ts'
import { numberState, valueState } from '../../../engine/state/descriptors.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import { anyKeys, anyValue } from './table-world.ts'

const upper: Serializer<string> = {
  name: 'upper',
  encode: (value) => text.encode(value.toUpperCase()),
  decode: (bytes) => text.decode(bytes),
}

function single(): HeapStateBackend {
  return new HeapStateBackend({ maxParallelism: 1, range: { first: 0, last: 0 } })
}

function segmentOf(backend: HeapStateBackend): Uint8Array {
  const [segment] = backend.snapshot().keyGroups()
  return segment?.bytes ?? new Uint8Array()
}

/** Something of everything. */
function example(): Uint8Array {
  const backend = single()
  const sum = backend.numberState(numberState('sum', { namespaced: true }))
  const name = backend.valueState(valueState('name', upper))
  for (const key of ['a', 'a rather long key']) {
    backend.setCurrentKey(key, hashKey(key))
    backend.setCurrentNamespace(1000)
    sum.add(key.length)
    name.update(key)
  }
  return segmentOf(backend)
}

describe('decodeKeyGroup', () => {
  test('gives the entries that the backend has, in its order', () => {
    fc.assert(
      fc.property(anyKeys, fc.array(anyValue, { minLength: 25, maxLength: 25 }), (keys, values) => {
        const backend = single()
        const state = backend.valueState(valueState<unknown>('v'))
        keys.forEach((key, i) => {
          backend.setCurrentKey(key, hashKey(key))
          state.update(values[i])
        })
        const entries = [...backend.entries('v')].map(([, key, value]) => ({ key, value }))
        expect(decodeKeyGroup(segmentOf(backend))).toStrictEqual([{ state: 'v', entries }])
      }),
    )
  })

  test('reads namespaces, and values of a serializer that it is given', () => {
    expect(decodeKeyGroup(example(), [upper])).toEqual([
      {
        state: 'sum',
        entries: [
          { key: 'a', value: 1, namespace: 1000 },
          { key: 'a rather long key', value: 17, namespace: 1000 },
        ],
      },
      {
        state: 'name',
        entries: [
          { key: 'a', value: 'A' },
          { key: 'a rather long key', value: 'A RATHER LONG KEY' },
        ],
      },
    ])
  })

  test('values of an unknown serializer are given as bytes', () => {
    const names = decodeKeyGroup(example())[1]
    expect(names?.entries[0]?.value).toEqual(text.encode('A'))
  })

  test('does not care where the bytes lie', () => {
    const bytes = example()
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(decodeKeyGroup(shifted.subarray(3), [upper])).toEqual(decodeKeyGroup(bytes, [upper]))
  })
})

describe('a damaged segment is refused', () => {
  test('when it was cut anywhere', () => {
    const bytes = example()
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeKeyGroup(bytes.subarray(0, length))).toThrow(CorruptStateError)
      expect(() => single().restore([{ keyGroup: 0, bytes: bytes.subarray(0, length) }])).toThrow(
        CorruptStateError,
      )
    }
  })

  test('when something was appended', () => {
    const bytes = example()
    const longer = new Uint8Array(bytes.length + 1)
    longer.set(bytes)
    expect(() => decodeKeyGroup(longer)).toThrow(
      `${bytes.length + 1} bytes instead of ${bytes.length}`,
    )
  })

  test('when it belongs to another key group than it is restored as', () => {
    const backend = new HeapStateBackend({ maxParallelism: 8, range: { first: 0, last: 7 } })
    expect(() => backend.restore([{ keyGroup: 3, bytes: example() }])).toThrow(
      'Key group 3 has the bytes of key group 0.',
    )
  })

  test('when it is of another version', () => {
    const bytes = example()
    bytes[0] = 1
    expect(() => decodeKeyGroup(bytes)).toThrow('not a key group, or another version')
  })

  test('when a table in it is of another version or its header is wrong', () => {
    const bytes = example()
    const view = new DataView(bytes.buffer)
    // Header; kind and flags; the lengths and letters of 'sum', 'number' and ''.
    const table = 20 + 8 + 4 + 3 + 4 + 6 + 4
    for (const [at, message] of [
      [0, 'not a table, or another version'],
      [4, 'unknown flags'],
      [8, 'too early'],
    ] as const) {
      const before = view.getUint32(table + at, true)
      view.setUint32(table + at, 0xfffffff, true)
      expect(() => decodeKeyGroup(bytes)).toThrow(message)
      view.setUint32(table + at, before, true)
    }
    expect(decodeKeyGroup(bytes)).toHaveLength(2)
  })

  test('when the kind or the flags of a state are unknown', () => {
    for (const [at, message] of [
      [20, 'no kind 268435455 of states'],
      [24, 'unknown flags 268435455'],
    ] as const) {
      const bytes = example()
      new DataView(bytes.buffer).setUint32(at, 0xfffffff, true)
      expect(() => decodeKeyGroup(bytes)).toThrow(message)
    }
  })
})
