// What may stand in state and records must come back equal, down to NaN, -0 and undefined, or be refused.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../engine/errors.ts'
import { murmur3_32 } from '../../engine/hash.ts'
import {
  binary,
  decodeKey,
  encodeKey,
  hashKey,
  json,
  number,
  text,
} from '../../engine/serializer.ts'

const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 2 ** 53, 2 ** 31, -1))
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ maxLength: 200 }),
  fc.constantFrom('\ud800', `${'x'.repeat(100)}\udc00`, '漢字', '😀'),
)
const anyValue = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  maxDepth: 4,
  values: [
    anyNumber,
    anyText,
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
  ],
})

describe('binary', () => {
  test('every value comes back equal', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(binary.decode(binary.encode(value))).toStrictEqual(value)
      }),
      { numRuns: 1000 },
    )
  })

  test('encoding a decoded value gives the same bytes', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = binary.encode(value)
        expect(binary.encode(binary.decode(bytes))).toStrictEqual(bytes)
      }),
    )
  })

  test('an earlier message does not change the bytes of a later one', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (before, value) => {
        const bytes = binary.encode(value)
        const copy = bytes.slice()
        binary.encode(before)
        expect(binary.encode(value)).toStrictEqual(copy)
        expect(bytes).toStrictEqual(copy)
      }),
    )
  })

  const special: readonly (readonly [string, unknown])[] = [
    ['a minus zero inside an object', { a: [-0, { b: -0 }] }],
    ['a field that is undefined', { a: undefined }],
    [
      'a big integer beyond 64 bits',
      [1n << 70n, -(1n << 70n), (1n << 63n) - 1n, -(1n << 63n), 1n << 63n],
    ],
    [
      'a map with keys of several types',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', 'b'],
        [-5n, new Map()],
      ]),
    ],
    ['an object with fields named like methods', { constructor: 1, hasOwnProperty: 2, toJSON: 3 }],
    ['an array with numbers as names', { 2: 'b', 1: 'a' }],
    ['a field called __proto__', JSON.parse('{"__proto__": -0, "b": [-0]}')],
    ['half a character in a name', { a: -0, '\ud800': { b: -0 } }],
    ['nested sets', new Set([new Set([1]), 'x'])],
    ['a view into a larger buffer', new Float32Array([1, 2, 3, 4]).subarray(1, 3)],
  ]
  for (const [what, value] of special) {
    test(`${what} comes back equal`, () => {
      expect(binary.decode(binary.encode(value))).toStrictEqual(value)
    })
  }

  test('a decoded typed array is a plain one that shares nothing with the bytes', () => {
    const bytes = binary.encode(Uint8Array.of(1, 2, 3))
    const decoded = binary.decode(bytes)
    bytes.fill(0)
    expect(decoded).toStrictEqual(Uint8Array.of(1, 2, 3))
    expect(Object.getPrototypeOf(decoded)).toBe(Uint8Array.prototype)
  })

  test('a Node buffer comes back as a plain Uint8Array', () => {
    expect(binary.decode(binary.encode(Buffer.from('abc')))).toStrictEqual(
      Uint8Array.of(97, 98, 99),
    )
  })

  class Point {
    readonly x = 1
  }
  const cyclic: unknown[] = []
  cyclic.push(cyclic)

  const refused: readonly (readonly [string, unknown])[] = [
    ['an instance of class Point', new Point()],
    ['a function', { callback: () => 1 }],
    ['a symbol', Symbol('s')],
    ['cyclic', cyclic],
    ['an instance of class WeakMap', new WeakMap()],
    ['an instance of class RegExp', /x/],
    ['an instance of class Error', new Error('x')],
  ]
  for (const [what, value] of refused) {
    test(`a value is refused with one sentence because of: ${what}`, () => {
      expect(() => binary.encode([value])).toThrow(ConfigurationError)
      expect(() => binary.encode([value])).toThrow(what)
    })
  }

  test('deep nesting without cycles is accepted up to 100 levels', () => {
    let value: unknown = -0
    for (let i = 0; i < 99; i += 1) value = [value, { x: 1n << 80n }]
    expect(binary.decode(binary.encode(value))).toStrictEqual(value)
    expect(() => binary.encode([[value]])).toThrow(ConfigurationError)
  })
})

describe('text, number and json', () => {
  test('text is UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(text.encode(value)).toStrictEqual(new TextEncoder().encode(value))
        expect(text.decode(text.encode(value))).toBe(value)
      }),
    )
  })

  test('text decodes malformed bytes to replacement characters instead of failing', () => {
    expect(text.decode(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\ufffdb')
  })

  test('number keeps every number, NaN and -0 included', () => {
    fc.assert(
      fc.property(anyNumber, (value) => {
        expect(number.decode(number.encode(value))).toBe(value)
      }),
    )
  })

  test('json keeps what JSON has', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const expected: unknown = JSON.parse(JSON.stringify(value))
        expect(json.decode(json.encode(value))).toStrictEqual(expected)
      }),
    )
    expect(json.decode(json.encode(undefined))).toBe(null)
  })
})

describe('encodeKey and hashKey', () => {
  const anyKey = fc.oneof(
    anyText,
    anyNumber,
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.nat()),
  )

  test('a key comes back equal, with 0 for -0', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(decodeKey(encodeKey(key))).toStrictEqual(key === 0 ? 0 : key)
      }),
    )
  })

  test('the hash is murmur3 of the bytes without the tag', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        // Strings without a UTF-8 form are encoded otherwise, but hashed like the rest.
        fc.pre(typeof key !== 'string' || text.decode(text.encode(key)) === key)
        expect(hashKey(key)).toBe(murmur3_32(encodeKey(key).subarray(1)))
      }),
    )
  })

  test('keys of different types are different, even if they look the same', () => {
    const pairs: readonly (readonly [unknown, unknown])[] = [
      ['1', 1],
      [1, 1n],
      [true, 'true'],
      [null, 'null'],
      [0, false],
      ['', null],
      ['\ud800', '\ufffd'],
    ]
    for (const [a, b] of pairs) {
      expect(encodeKey(a)).not.toStrictEqual(encodeKey(b))
    }
  })

  test('0 and -0 are the same key, and so are NaN and NaN', () => {
    expect(encodeKey(-0)).toStrictEqual(encodeKey(0))
    expect(hashKey(-0)).toBe(hashKey(0))
    expect(encodeKey(Number.NaN)).toStrictEqual(encodeKey(0 / 0))
  })

  test('undefined is no key', () => {
    expect(() => hashKey(undefined)).toThrow(ConfigurationError)
    expect(() => encodeKey(undefined)).toThrow('keyBy')
  })
})
