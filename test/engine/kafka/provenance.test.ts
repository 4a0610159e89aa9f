/** The header that says which input records an output stands for. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeOrigins, encodeOrigins, ORIGIN_HEADER } from '../../../engine/kafka/provenance.ts'
import { text } from '../../../engine/serializer.ts'
import { seeded } from '../../seeded.ts'

/** Legal names of Kafka topics. */
const topic = fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}$/)
const origin = fc.record({ topic, partition: fc.nat(), offset: fc.maxSafeNat() })

test('for all origins, what is decoded is what was encoded', () => {
  fc.assert(
    fc.property(fc.array(origin, { maxLength: 5 }), (origins) => {
      const other = { key: 'other', value: text.encode('t/0@1') }
      expect(decodeOrigins([other, encodeOrigins(origins)])).toEqual(origins)
    }),
    seeded(),
  )
})

test('the header can be read by a person', () => {
  const header = encodeOrigins([
    { topic: 'in', partition: 0, offset: 5 },
    { topic: 'in', partition: 2, offset: 17 },
  ])
  expect(header.key).toBe(ORIGIN_HEADER)
  expect(text.decode(header.value)).toBe('in/0@5 in/2@17')
})

test('without the header nothing is known', () => {
  expect(decodeOrigins([])).toBeNull()
  expect(decodeOrigins([{ key: 'other', value: text.encode('in/0@5') }])).toBeNull()
})

test.each([
  'in',
  'in/0',
  'in@5',
  '/0@5',
  'in/x@5',
  'in/0@x',
  'in/@5',
  'in/0@',
  'in/0@5  in/0@6',
  'in/0@-1',
])('a header that says %j cannot be read', (value) => {
  expect(decodeOrigins([{ key: ORIGIN_HEADER, value: text.encode(value) }])).toBeNull()
})
