/** reduce: one combined value per key. */
import { expect, test } from 'vitest'
import { UserFunctionError } from '../../../engine/errors.ts'
import { Operating, type Saved } from './operating.ts'

type Pair = readonly [key: string, text: string]

function joining(saved: Saved | null = null): Operating {
  const reduce = (left: unknown, right: unknown): unknown => {
    const [key, text] = left as Pair
    return [key, `${text}+${(right as Pair)[1]}`]
  }
  return new Operating({ type: 'reduce', reduce }, ([key]: Pair) => key, saved)
}

test('the first value of a key comes out as it is, every later one combined with what there was', () => {
  const reduce = joining()
  expect(reduce.process(['a', '1'])).toEqual([['a', '1']])
  expect(reduce.process(['b', '9'])).toEqual([['b', '9']])
  expect(reduce.process(['a', '2'])).toEqual([['a', '1+2']])
  expect(reduce.process(['a', '3'])).toEqual([['a', '1+2+3']])
})

test('the former value is the left argument', () => {
  const reduce = new Operating({ type: 'reduce', reduce: (left) => left }, () => 'k')
  expect([1, 2, 3].flatMap((value) => reduce.process(value))).toEqual([1, 1, 1])
})

test('it goes on after a checkpoint', () => {
  const before = joining()
  before.process(['a', '1'])
  expect(joining(before.save()).process(['a', '2'])).toEqual([['a', '1+2']])
})

test('an exception of the function names the operator', () => {
  const reduce = new Operating(
    {
      type: 'reduce',
      reduce: () => {
        throw new RangeError('boom')
      },
    },
    () => 'k',
    null,
    'largest',
  )
  reduce.process(1)
  expect(() => reduce.process(2)).toThrow(UserFunctionError)
  expect(() => reduce.process(2)).toThrow(
    'The function of operator "largest" threw: RangeError: boom',
  )
})
