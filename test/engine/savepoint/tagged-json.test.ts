/** Values as JSON: what comes back is what was written, and what is not such JSON is refused. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { binary } from '../../../engine/serializer.ts'
import { fromBase64, toBase64 } from '../../../engine/savepoint/base64.ts'
import { fromTagged, RawValue, toTagged } from '../../../engine/savepoint/tagged-json.ts'
import type { Json } from '../../../engine/savepoint/tagged-json.ts'
import { seeded } from '../../seeded.ts'

/** Whatever `binary` takes. */
const anyValue = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: false,
  withNullPrototype: false,
  key: fc.oneof(fc.string(), fc.constantFrom('$map', '$raw', '$object', '__proto__', '1')),
  values: [
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, Number.NaN, Infinity, '\ud800', '$number'),
    fc.date({ noInvalidDate: false }),
  ],
})

test('for every value, what is read from its JSON text is the value, to the last bit', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const text = JSON.stringify(toTagged(value))
      const back = fromTagged(JSON.parse(text) as Json)
      expect(back).toEqual(value)
      // Also where toEqual is generous: -0, undefined fields, the order of fields.
      expect(binary.encode(back)).toEqual(binary.encode(value))
    }),
    seeded(2000),
  )
})

test.each([
  ['text', 'text', '"text"'],
  ['a number', 1.5, '1.5'],
  ['minus zero', -0, '{"$number":"-0"}'],
  ['no number', Number.NaN, '{"$number":"NaN"}'],
  ['a big integer', 2n ** 64n, '{"$bigint":"18446744073709551616"}'],
  ['undefined', undefined, '{"$undefined":true}'],
  ['bytes', new Uint8Array([1, 255]), '{"$bytes":"Af8="}'],
  ['bytes of an unknown serializer', new RawValue(new Uint8Array([7])), '{"$raw":"Bw=="}'],
  ['a map', new Map([[1, ['x']]]), '{"$map":[[1,["x"]]]}'],
  ['a set', new Set([null]), '{"$set":[null]}'],
  ['a date', new Date(5), '{"$date":5}'],
  ['an early date', new Date(-8.64e15), '{"$date":-8640000000000000}'],
  ['an array of floats', new Float32Array([1]), '{"$array":["Float32Array","AACAPw=="]}'],
  ['an object like a tag', { $map: 1 }, '{"$object":[["$map",1]]}'],
])('%s is written as %#', (_, value, text) => {
  expect(JSON.stringify(toTagged(value))).toBe(text)
  expect(fromTagged(JSON.parse(text) as Json)).toEqual(value)
})

describe('is refused with one sentence', () => {
  test.each([
    ['{"$numbre":"NaN"}', 'there is no tag $numbre'],
    ['{"$number":"1"}', '"1" is none of NaN, -0, Infinity, -Infinity'],
    ['{"$bigint":"1.5"}', '"1.5" is no big integer'],
    ['{"$bigint":7}', '7 is no big integer'],
    ['{"$bytes":"A"}', '"A" is no base64'],
    ['{"$raw":5}', '5 is no base64'],
    ['{"$map":[[1]]}', '[1] is no pair of key and value'],
    ['{"$map":{}}', '{} is no list'],
    ['{"$set":1}', '1 is no list'],
    ['{"$date":"yesterday"}', 'yesterday is no time of a date'],
    ['{"$date":8640000000000001}', '8640000000000001 is no time of a date'],
    ['{"$array":["Float64Array","AAAA"]}', '"Float64Array" with 3 bytes is no typed array'],
    ['{"$array":["Object","AAAA"]}', '"Object" with 3 bytes is no typed array'],
    ['{"a":1,"$b":2}', 'an object with "$b" must be written as $object'],
  ])('%s', (text, sentence) => {
    const parsing = (): unknown => fromTagged(JSON.parse(text) as Json)
    expect(parsing).toThrow(ConfigurationError)
    expect(parsing).toThrow(sentence)
  })
})

test('for all bytes, base64 is that of Node, and comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = toBase64(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64'))
      expect(fromBase64(text)).toEqual(bytes)
    }),
    seeded(),
  )
  for (const text of ['=', 'A', 'AA', 'AAA', 'AA=A', 'AA==AA==', 'A A=', '-_==']) {
    expect(fromBase64(text), text).toBeUndefined()
  }
})
