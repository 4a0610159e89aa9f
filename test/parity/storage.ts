/**
 * What every storage of snapshots must do, simulated or real: the one suite behind all of them. A suite is given a way to
 * open an empty storage, and for worlds that stand still a way to let their time pass.
 */
import { expect, test } from 'vitest'
import type { StoragePort, StorageResult, WriteResult } from '../../engine/runtime.ts'

export interface StorageUnderTest {
  readonly port: StoragePort
  /** Lets everything that is under way happen, where that does not happen by itself. */
  readonly settle?: () => void
}

type Answer<T> = (onResult: (result: StorageResult<T> | WriteResult) => void) => void

const LARGE_BYTES = 5_000_000
const CONCURRENT = 50

const ODD_KEYS = [
  'chk-1/a b',
  'chk-1/ü-水-🎉',
  'chk-1/per%cent%2F',
  'chk-1/q?a=b&c=d#e',
  'chk-1/co:lon;semi',
  'chk-1/quo"te\'back\\slash*<>|',
  'chk-1/.hidden',
  'chk-1/...',
  'chk-1/tab\tnew\nline',
  'chk-1/+plus=',
  'deep/er/and/deeper',
]

/** Declares the tests. `open` opens an empty storage for each. */
export function testStorage(name: string, open: () => Promise<StorageUnderTest>): void {
  test(`${name}: what was put is got, whole and in the order of its pieces`, async () => {
    const storage = new Calls(await open())
    expect(await storage.put('chk-1/a', [1, 2], [], [3])).toBe('ok')
    expect(await storage.get('chk-1/a')).toEqual(new Uint8Array([1, 2, 3]))
  })

  test(`${name}: an object that was got shares no memory with the next`, async () => {
    const storage = new Calls(await open())
    await storage.put('chk-1/a', [1, 2])
    const [first, second] = [await storage.get('chk-1/a'), await storage.get('chk-1/a')]
    expect([first, second]).toEqual([new Uint8Array([1, 2]), new Uint8Array([1, 2])])
    // A Buffer would be a Uint8Array whose slice is no copy.
    expect(Object.getPrototypeOf(first)).toBe(Uint8Array.prototype)
  })

  test(`${name}: a piece is only lent until the put is answered`, async () => {
    const storage = new Calls(await open())
    const piece = new Uint8Array([1, 2])
    expect(await storage.lend('chk-1/a', piece)).toBe('ok')
    piece.fill(9)
    expect(await storage.get('chk-1/a')).toEqual(new Uint8Array([1, 2]))
  })

  test(`${name}: a put replaces the object, also by a shorter or an empty one`, async () => {
    const storage = new Calls(await open())
    await storage.put('chk-1/a', [1, 2, 3])
    expect(await storage.put('chk-1/a', [9])).toBe('ok')
    expect(await storage.get('chk-1/a')).toEqual(new Uint8Array([9]))
    expect(await storage.put('chk-1/a')).toBe('ok')
    expect(await storage.get('chk-1/a')).toEqual(new Uint8Array())
  })

  test(`${name}: an object that is not there is refused with one clause`, async () => {
    const storage = new Calls(await open())
    await storage.put('chk-1/a', [1])
    for (const key of ['chk-1/b', 'chk-2/a', 'chk']) {
      expect(await storage.get(key)).toMatch(/^there is no such object[^.]*/)
    }
  })

  test(`${name}: a list has the keys with the prefix, sorted by code units`, async () => {
    const storage = new Calls(await open())
    const keys = ['chk-2/_metadata', 'chk-10/_metadata', 'chk-1/b', 'chk-1/B', 'chk-1/c/d', 'top']
    for (const key of keys) await storage.put(key, [1])
    expect(await storage.list('')).toEqual([...keys].sort())
    expect(await storage.list('chk-1')).toEqual([
      'chk-1/B',
      'chk-1/b',
      'chk-1/c/d',
      'chk-10/_metadata',
    ])
    expect(await storage.list('chk-1/')).toEqual(['chk-1/B', 'chk-1/b', 'chk-1/c/d'])
    expect(await storage.list('chk-1/b')).toEqual(['chk-1/b'])
    expect(await storage.list('chk-3/')).toEqual([])
    expect(await storage.list('top/')).toEqual([])
  })

  test(`${name}: an empty storage has no keys`, async () => {
    expect(await new Calls(await open()).list('')).toEqual([])
  })

  test(`${name}: what was deleted is gone, and may be deleted again and put again`, async () => {
    const storage = new Calls(await open())
    for (const key of ['chk-1/a', 'chk-1/b']) await storage.put(key, [1])
    expect(await storage.delete('chk-1/a')).toBe('ok')
    expect(await storage.delete('chk-1/a')).toBe('ok')
    expect(await storage.get('chk-1/a')).toMatch(/no such object/)
    expect(await storage.list('')).toEqual(['chk-1/b'])
    expect(await storage.delete('chk-1/b')).toBe('ok')
    expect(await storage.list('')).toEqual([])
    expect(await storage.delete('chk-7/never')).toBe('ok')
    await storage.put('chk-1/a', [2])
    expect(await storage.get('chk-1/a')).toEqual(new Uint8Array([2]))
  })

  test(`${name}: a deletion that nobody waits for happens too`, async () => {
    const subject = await open()
    const storage = new Calls(subject)
    await storage.put('chk-1/a', [1])
    subject.port.delete('chk-1/a')
    await expect.poll(() => storage.list(''), { timeout: 10_000, interval: 20 }).toEqual([])
  })

  test(`${name}: keys keep their odd characters apart`, async () => {
    const storage = new Calls(await open())
    for (const [i, key] of ODD_KEYS.entries()) expect(await storage.put(key, [i])).toBe('ok')
    expect(await storage.list('')).toEqual([...ODD_KEYS].sort())
    for (const [i, key] of ODD_KEYS.entries()) {
      expect(await storage.get(key)).toEqual(new Uint8Array([i]))
      expect(await storage.list(key)).toEqual([key])
    }
    for (const key of ODD_KEYS) expect(await storage.delete(key)).toBe('ok')
    expect(await storage.list('')).toEqual([])
  })

  test(`${name}: an object of several megabytes out of many pieces stays the same`, async () => {
    const storage = new Calls(await open())
    const large = new Uint8Array(LARGE_BYTES).map((_, i) => (i * 31 + (i >>> 8)) & 0xff)
    const pieces: Uint8Array[] = []
    for (let at = 0, size = 1; at < LARGE_BYTES; at += size, size = (size * 7) % 500_009) {
      pieces.push(large.subarray(at, at + size))
    }
    expect(await storage.put('chk-1/large', ...pieces)).toBe('ok')
    const got = await storage.get('chk-1/large')
    expect(got instanceof Uint8Array && Buffer.compare(got, large) === 0).toBe(true)
  })

  test(`${name}: many puts and gets at the same time do not disturb each other`, async () => {
    const subject = await open()
    const storage = new Calls(subject)
    const keys = Array.from({ length: CONCURRENT }, (_, i) => `chk-${i % 7}/object-${i}`)
    const contentOf = (i: number): number[] => Array.from({ length: (i * 97) % 5000 }, () => i)
    const puts = keys.map((key, i) => storage.put(key, contentOf(i)))
    expect(new Set(await Promise.all(puts))).toEqual(new Set(['ok']))
    const found = await Promise.all(keys.map((key) => storage.get(key)))
    for (const [i, bytes] of found.entries()) expect(bytes).toEqual(new Uint8Array(contentOf(i)))
    await Promise.all(keys.filter((_, i) => i % 2 === 0).map((key) => storage.delete(key)))
    expect(await storage.list('')).toEqual(keys.filter((_, i) => i % 2 === 1).sort())
  })

  test(`${name}: of puts of one key at the same time one wins whole`, async () => {
    const storage = new Calls(await open())
    const contents = Array.from({ length: 20 }, (_, i) => new Uint8Array(10_000 + i).fill(i))
    const puts = contents.map((content) => storage.put('chk-1/a', content))
    expect(new Set(await Promise.all(puts))).toEqual(new Set(['ok']))
    const winner = await storage.get('chk-1/a')
    expect(
      contents.some((content) => winner instanceof Uint8Array && !Buffer.compare(content, winner)),
    ).toBe(true)
    expect(await storage.list('')).toEqual(['chk-1/a'])
  })
}

/** The calls of a port as promises: 'ok', a value, or the reason of a failure. */
export class Calls {
  readonly #subject: StorageUnderTest

  constructor(subject: StorageUnderTest) {
    this.#subject = subject
  }

  put(key: string, ...pieces: readonly (Uint8Array | readonly number[])[]): Promise<string> {
    return this.lend(key, ...pieces.map((piece) => Uint8Array.from(piece)))
  }

  /** Puts the arrays that are given. */
  lend(key: string, ...pieces: readonly Uint8Array[]): Promise<string> {
    return this.#done((onResult) => this.#subject.port.put(key, pieces, onResult))
  }

  delete(key: string): Promise<string> {
    return this.#done((onResult) => this.#subject.port.delete(key, onResult))
  }

  get(key: string): Promise<Uint8Array | string> {
    return this.#value((onResult) => this.#subject.port.get(key, onResult))
  }

  list(prefix: string): Promise<readonly string[] | string> {
    return this.#value((onResult) => this.#subject.port.list(prefix, onResult))
  }

  async #done(call: Answer<null>): Promise<string> {
    return (await this.#value(call)) ?? 'ok'
  }

  #value<T>(call: Answer<T>): Promise<T | string> {
    return new Promise((resolve) => {
      let isInside = true
      call((result) => {
        // Answers come in a later turn, never inside the call.
        expect(isInside).toBe(false)
        resolve(result.type === 'ok' ? (result.value as T) : result.reason)
      })
      isInside = false
      this.#subject.settle?.()
    })
  }
}
