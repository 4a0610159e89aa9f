// Published vectors: SMHasher's murmur3 verification values as collected by several ports; the xxHash repository's sanity
// checks for XXH32.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatenate } from '../../engine/concatenate.ts'
import {
  mixWord,
  murmur3_32,
  murmurString,
  murmurWords,
  XxHash32,
  xxHash32,
} from '../../engine/hash.ts'
import { seeded } from '../seeded.ts'

const utf8 = new TextEncoder()
const unsigned = (hash: number): number => hash >>> 0

describe('murmur3_32', () => {
  test.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aa', 0x9747b28c, 0x5d211726],
    ['a', 0x9747b28c, 0x7fa09ea6],
  ])('gives the published hash of %j with seed %i', (input, seed, hash) => {
    expect(unsigned(murmur3_32(utf8.encode(input), seed))).toBe(hash)
  })

  test('gives the published hash of bytes that are no text', () => {
    expect(unsigned(murmur3_32(Uint8Array.of(0xff, 0xff, 0xff, 0xff)))).toBe(0x76293b50)
    expect(unsigned(murmur3_32(Uint8Array.of(0x21, 0x43, 0x65, 0x87)))).toBe(0xf55b516b)
    expect(unsigned(murmur3_32(Uint8Array.of(0x21, 0x43, 0x65)))).toBe(0x7e4a8634)
    expect(unsigned(murmur3_32(Uint8Array.of(0, 0, 0, 0)))).toBe(0x2362f9de)
  })

  test('does not depend on where in a buffer the bytes lie', () => {
    const bytes = utf8.encode('xxHello, world!')
    expect(unsigned(murmur3_32(bytes.subarray(2)))).toBe(0xc0363e43)
  })
})

describe('murmurString', () => {
  test('equals murmur3_32 of the UTF-8 bytes for every string', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'binary-ascii', maxLength: 40 }),
      // Lone surrogates too.
      fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 9 }).map((units) => {
        return String.fromCharCode(...units)
      }),
    )
    fc.assert(
      fc.property(anyText, fc.integer(), (value, seed) => {
        expect(murmurString(value, seed)).toBe(murmur3_32(utf8.encode(value), seed))
      }),
    )
  })
})

test('murmurWords is murmur3_32 of the eight bytes of two words', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (low, high) => {
      const bytes = new Uint8Array(new Int32Array([low, high]).buffer)
      expect(murmurWords(low, high)).toBe(murmur3_32(bytes))
    }),
  )
})

test('mixWord depends on the order of the words', () => {
  expect(mixWord(mixWord(0, 1), 2)).not.toBe(mixWord(mixWord(0, 2), 1))
})

describe('xxHash32', () => {
  /** The buffer of the xxHash repository's sanity checks. */
  function sanityBuffer(length: number): Uint8Array {
    const prime32 = 2654435761n
    const prime64 = 11400714785074694797n
    let state = prime32
    return Uint8Array.from({ length }, () => {
      const byte = Number(state >> 56n)
      state = BigInt.asUintN(64, state * prime64)
      return byte
    })
  }

  test.each([
    [0, 0, 0x02cc5d05],
    [0, 0x9e3779b1, 0x36b78ae7],
    [1, 0, 0xcf65b03e],
    [1, 0x9e3779b1, 0xb4545aa4],
    [14, 0, 0x1208e7e2],
    [14, 0x9e3779b1, 0x6af1d1fe],
    [222, 0, 0x5bd11dbd],
    [222, 0x9e3779b1, 0x58803c5f],
  ])('gives the published hash of %i bytes with seed %i', (length, seed, hash) => {
    expect(unsigned(xxHash32(sanityBuffer(length), seed))).toBe(hash)
  })

  test.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('gives the published hash of %j', (input, hash) => {
    expect(unsigned(xxHash32(utf8.encode(input)))).toBe(hash)
  })

  test('does not depend on alignment', () => {
    const bytes = sanityBuffer(1000)
    for (let shift = 1; shift < 8; shift += 1) {
      const shifted = new Uint8Array(1000 + shift)
      shifted.set(bytes, shift)
      expect(xxHash32(shifted.subarray(shift))).toBe(xxHash32(bytes))
    }
  })

  test('does not depend on how the bytes are cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 8 }), (pieces) => {
        const hash = new XxHash32(7)
        for (const piece of pieces) hash.update(piece)
        expect(hash.digest()).toBe(xxHash32(concatenate(pieces), 7))
      }),
      seeded(),
    )
  })

  test('changes when one bit of a page changes', () => {
    fc.assert(
      fc.property(fc.nat(65535), fc.nat(7), (at, bit) => {
        const page = new Uint8Array(65536)
        const before = xxHash32(page)
        page[at] = 1 << bit
        expect(xxHash32(page)).not.toBe(before)
      }),
      { numRuns: 30 },
    )
  })
})
