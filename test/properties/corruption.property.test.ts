/**
 * Whatever is done to the bytes of stored checkpoints, a restore gives the state that was stored, or refuses with one
 * sentence. Never another state, never an exception, never silence (O-S5).
 */
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { decodeMetadata, encodeMetadata } from '../../engine/checkpoint/checkpoint-metadata.ts'
import type { CheckpointMetadata } from '../../engine/checkpoint/checkpoint-metadata.ts'
import {
  decodeSnapshotObject,
  encodeSnapshotObject,
  sealSegment,
  snapshotChecksum,
} from '../../engine/checkpoint/snapshot-format.ts'
import { concatenate } from '../../engine/concatenate.ts'
import { objectsToRead } from '../../engine/savepoint/stored-state.ts'
import { seeded } from '../seeded.ts'
import { everything, storedCheckpoints } from './stored-checkpoints.ts'
import { type Refused, type Restored, restoreJob, StillStorage } from './restoring.ts'

// Some five thousand restores: seconds on a quiet machine.
vi.setConfig({ testTimeout: 120_000 })

const stored = storedCheckpoints(3)
const keys = [...stored.keys()].sort()
const locations = keys.filter((key) => key.endsWith('/_metadata'))
const restore = restoreJob(everything, 2)
const intact = new Map(locations.map((key) => [key, restore(new StillStorage(stored), key)]))

type Objects = Map<string, Uint8Array>

interface Damage {
  readonly name: string
  /** Changes the objects, of which `keys` are in one checkpoint; the numbers are drawn from [0, 2³²). */
  readonly strike: (objects: Objects, keys: readonly string[], draw: readonly number[]) => void
}

const DAMAGES: readonly Damage[] = [
  { name: 'a bit flips', strike: onBytes((bytes, [at, bit]) => flip(bytes, at, 1 << (bit & 7))) },
  { name: 'a byte changes', strike: onBytes((bytes, [at, by]) => flip(bytes, at, 1 + (by % 255))) },
  {
    name: 'the end is cut off',
    strike: onBytes((bytes, [at]) => bytes.slice(0, at % bytes.length)),
  },
  {
    name: 'the beginning is cut off',
    strike: onBytes((bytes, [at]) => bytes.slice(1 + (at % bytes.length))),
  },
  {
    name: 'bytes are appended',
    strike: onBytes((bytes, [count, value]) =>
      Uint8Array.from([...bytes, ...Array.from({ length: 1 + (count % 20) }, () => value & 0xff)]),
    ),
  },
  {
    name: 'a byte is inserted',
    strike: onBytes((bytes, [at, value]) =>
      [...bytes].toSpliced(at % bytes.length, 0, value & 0xff),
    ),
  },
  {
    name: 'a byte is taken out',
    strike: onBytes((bytes, [at]) => [...bytes].toSpliced(at % bytes.length, 1)),
  },
  {
    name: 'two bytes change places',
    strike: onBytes((bytes, [a, b]) => {
      const [i, j] = [a % bytes.length, b % bytes.length]
      const [x = 0, y = 0] = [bytes[i], bytes[j]]
      bytes[i] = y
      bytes[j] = x
      return bytes
    }),
  },
  {
    name: 'a block becomes zeros',
    strike: onBytes((bytes, [at, length]) =>
      bytes.fill(0, at % bytes.length, (at % bytes.length) + 1 + (length % 512)),
    ),
  },
  {
    name: 'a block lies elsewhere',
    strike: onBytes((bytes, [from, to, length]) =>
      bytes.copyWithin(
        to % bytes.length,
        from % bytes.length,
        (from % bytes.length) + 1 + (length % 512),
      ),
    ),
  },
  { name: 'an object is empty', strike: onBytes(() => new Uint8Array()) },
  {
    name: 'an object is gone',
    strike: (objects, struck, [which]) => {
      objects.delete(pick(struck, which))
    },
  },
  {
    name: 'two objects change places',
    strike: (objects, struck, [a, b]) => {
      const [one, other] = [pick(struck, a), pick(keys, b)]
      const [x = new Uint8Array(), y = new Uint8Array()] = [objects.get(one), objects.get(other)]
      objects.set(one, y)
      objects.set(other, x)
    },
  },
  {
    name: 'an object is the one of another checkpoint',
    strike: (objects, struck, [a, b]) => {
      const [, checkpoint = '', name = ''] = /^(chk-\d+)\/(.*)$/.exec(pick(struck, a)) ?? []
      const others = keys.filter((key) => key.endsWith(`/${name}`) && !key.startsWith(checkpoint))
      objects.set(`${checkpoint}/${name}`, stored.get(pick(others, b)) ?? new Uint8Array())
    },
  },
  {
    name: 'an unknown object appears',
    strike: (objects, _, [a = 0, b = 0]) => {
      objects.set(`chk-${a % 9}/unknown-${b}`, Uint8Array.of(a & 0xff))
    },
  },
]

test('the checkpoints hold something of everything, and are restored', () => {
  expect(locations).toHaveLength(3)
  for (const found of intact.values()) {
    expect(found).toMatchObject({ type: 'restored', subtasks: 4 })
  }
  const all = Buffer.concat([...stored.values()]).toString('latin1')
  const names = 'count anything word figure document secret fading list map maximum mean splits'
  for (const name of `${names} committables list:everywhere`.split(' ')) expect(all).toContain(name)
})

test(
  'for 2,400 corruptions of stored checkpoints, a restore is right or refuses with one sentence',
  { timeout: 60_000 },
  () => {
    const outcomes = new Map(DAMAGES.map(({ name }) => [name, { refused: 0, unharmed: 0 }]))
    fc.assert(
      fc.property(
        fc.nat({ max: DAMAGES.length - 1 }),
        fc.nat({ max: locations.length - 1 }),
        fc.array(fc.nat({ max: 0xffff_ffff }), { minLength: 4, maxLength: 4, size: 'max' }),
        (which, where, draw) => {
          const damage = pick(DAMAGES, which)
          const struck = pick(locations, where)
          // Mostly the checkpoint that was struck is restored, sometimes another one.
          const location = (draw[3] ?? 0) % 5 === 0 ? pick(locations, draw[2]) : struck
          const storage = new StillStorage(stored)
          damage.strike(storage.objects, keysIn(struck), draw)
          const found = restore(storage, location)
          const count = outcomes.get(damage.name)
          if (count !== undefined) count[found.type === 'refused' ? 'refused' : 'unharmed'] += 1
          judge(found, location)
        },
      ),
      seeded(2400),
    )
    // A damage that nothing ever notices would prove nothing.
    const blind = [...outcomes].filter(
      ([name, { refused }]) => refused === 0 && !/unknown/.test(name),
    )
    expect(blind).toEqual([])
    expect([...outcomes.values()].reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(
      500,
    )
  },
)

test('every object of a checkpoint is read: whichever is gone, empty or another one is noticed', () => {
  for (const location of locations) {
    for (const key of keysIn(location)) {
      for (const other of [...keys.filter((each) => each !== key), null]) {
        const storage = new StillStorage(stored)
        const bytes = other === null ? undefined : stored.get(other)
        if (bytes === undefined) storage.objects.delete(key)
        else storage.objects.set(key, bytes)
        expect(restore(storage, location), `${key} is ${other ?? 'gone'}`).toMatchObject({
          type: 'refused',
        })
      }
    }
  }
})

test('every single byte of a checkpoint is guarded', () => {
  const [location = ''] = locations
  for (const key of keysIn(location)) {
    const length = stored.get(key)?.length ?? 0
    // Of the large objects only some, or this would take minutes.
    for (let at = 0; at < length; at += Math.ceil(length / 200)) {
      const storage = new StillStorage(stored)
      storage.objects.set(key, flip(stored.get(key)?.slice() ?? new Uint8Array(), at, 0x10))
      expect(restore(storage, location).type, `byte ${at} of ${key}`).toBe('refused')
    }
  }
})

test('for bytes that are senseless under right checksums, a restore ends, and throws nothing', () => {
  const [location = ''] = locations
  const metadata = decodeMetadata(stored.get(location) ?? new Uint8Array(), location)
  if (typeof metadata === 'string') throw new Error(metadata)
  const objects = objectsToRead(metadata)
  const anyChange = fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 255), fc.nat({ max: 255 })))
  const outcomes = { restored: 0, refused: 0 }
  fc.assert(
    fc.property(
      fc.tuple(fc.nat(), fc.nat(), fc.boolean()),
      fc.array(anyChange, { minLength: 1, maxLength: 3 }),
      ([which, where, isInHead], changes) => {
        const { key } = pick(objects, which)
        const segments = decodeSnapshotObject(stored.get(key) ?? new Uint8Array())
        if (typeof segments === 'string') throw new Error(segments)
        const target = pick(segments, where)
        const bytes = target.bytes.slice()
        const range = isInHead ? Math.min(200, bytes.length) : bytes.length
        for (const [at, value] of changes) bytes[at % range] = value
        const forged = segments.map((each) => (each === target ? { ...each, bytes } : each))
        const pieces = encodeSnapshotObject(forged.map(sealSegment))
        const storage = new StillStorage(stored)
        storage.objects.set(key, concatenate(pieces))
        storage.objects.set(location, withChecksum(metadata, key, snapshotChecksum(pieces)))
        outcomes[restore(storage, location).type] += 1
      },
    ),
    seeded(400),
  )
  expect(outcomes.refused).toBeGreaterThan(50)
})

/** The metadata as it would be if the object had that checksum. */
function withChecksum(metadata: CheckpointMetadata, key: string, checksum: number): Uint8Array {
  const handles = metadata.handles.map((handle) => {
    const { keyed } = handle
    if (keyed === null) return handle
    const exclusive = keyed.exclusive.map((object) =>
      object.key === key ? { ...object, checksum } : object,
    )
    return { ...handle, keyed: { ...keyed, exclusive } }
  })
  return encodeMetadata({ ...metadata, handles })
}

function judge(found: Restored | Refused, location: string): void {
  if (found.type === 'refused') {
    expect(found.reason).toMatch(
      /^The (metadata|snapshot) [^\n]*(cannot be read|is corrupt): [^\n]+\.$/,
    )
    expect(found.reason).not.toMatch(/Error|undefined|NaN|\[object/)
  } else {
    expect(found).toEqual(intact.get(location))
  }
}

function onBytes(
  change: (bytes: Uint8Array, draw: readonly [number, number, number]) => Uint8Array | number[],
): Damage['strike'] {
  return (objects, struck, [which = 0, a = 0, b = 0, c = 0]) => {
    const key = pick(struck, which)
    objects.set(
      key,
      Uint8Array.from(change(stored.get(key)?.slice() ?? new Uint8Array(), [a, b, c])),
    )
  }
}

/** The objects of one checkpoint. */
function keysIn(location: string): string[] {
  return keys.filter((key) => key.startsWith(location.slice(0, location.indexOf('/') + 1)))
}

function flip(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const index = at % bytes.length
  bytes[index] = (bytes[index] ?? 0) ^ mask
  return bytes
}

function pick<T>(items: readonly T[], draw: number | undefined): T {
  const item = items[(draw ?? 0) % items.length]
  if (item === undefined) throw new Error('There is nothing to pick from.')
  return item
}
