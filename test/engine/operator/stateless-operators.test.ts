/** map, flatMap and filter. */
import { describe, expect, test } from 'vitest'
import { UserFunctionError } from '../../../engine/errors.ts'
import type { OperatorSpec } from '../../../engine/operator/operator-spec.ts'
import { operatorContext, valuesOf } from '../operator-context.ts'
import { createOperator } from '../../../engine/task/create-operator.ts'

function emitted(spec: OperatorSpec, values: readonly unknown[]): unknown[] {
  const context = operatorContext()
  const operator = createOperator(spec, context)
  for (const value of values) operator.process(value, 0)
  return valuesOf(context)
}

test('map gives one value for each', () => {
  expect(emitted({ type: 'map', map: (value) => Number(value) * 2 }, [1, 2])).toEqual([2, 4])
})

test('flatMap gives any number, in the order of the iterable', () => {
  const repeat = (value: unknown): unknown[] => Array<unknown>(Number(value)).fill(value)
  expect(emitted({ type: 'flat-map', flatMap: repeat }, [2, 0, 1])).toEqual([2, 2, 1])
  function* count(value: unknown): Iterable<unknown> {
    for (let i = 0; i < Number(value); i++) yield i
  }
  expect(emitted({ type: 'flat-map', flatMap: count }, [3])).toEqual([0, 1, 2])
})

test('a flatMap that throws in the middle has emitted nothing of the value', () => {
  const context = operatorContext()
  function* failing(): Iterable<unknown> {
    yield 1
    throw new RangeError('boom')
  }
  const operator = createOperator({ type: 'flat-map', flatMap: failing }, context)
  expect(() => {
    operator.process('a', 0)
  }).toThrow(UserFunctionError)
  expect(valuesOf(context)).toEqual([])
})

test('filter keeps the values that it says yes to', () => {
  expect(emitted({ type: 'filter', filter: (value) => Number(value) > 1 }, [1, 2, 3])).toEqual([
    2, 3,
  ])
})

test('all of them keep the timestamp', () => {
  const specs: OperatorSpec[] = [
    { type: 'map', map: (value) => value },
    { type: 'flat-map', flatMap: (value) => [value] },
    { type: 'filter', filter: () => true },
  ]
  for (const spec of specs) {
    const context = operatorContext()
    createOperator(spec, context).process('a', 17)
    expect(context.emitted.get('main')).toEqual([{ value: 'a', timestamp: 17 }])
  }
})

describe('an exception names the operator whose function threw it, once', () => {
  const boom = (): never => {
    throw new TypeError('boom')
  }
  const specs: OperatorSpec[] = [
    { type: 'map', map: boom },
    { type: 'flat-map', flatMap: boom },
    { type: 'filter', filter: boom },
  ]

  test.each(specs)('$type', (spec) => {
    const operator = createOperator(spec, operatorContext({ name: 'mine' }))
    expect(() => {
      operator.process(1, 0)
    }).toThrow('The function of operator "mine" threw: TypeError: boom')
  })

  test.each<OperatorSpec>([
    { type: 'map', map: (value) => value },
    { type: 'flat-map', flatMap: (value) => [value] },
    { type: 'filter', filter: () => true },
  ])('$type lets what comes from further down pass', (spec) => {
    const error = new UserFunctionError('sink', new TypeError('boom'))
    const output = () => ({
      emit: () => {
        throw error
      },
    })
    const operator = createOperator(spec, operatorContext({ name: 'mine', output }))
    expect(() => {
      operator.process(1, 0)
    }).toThrow(error)
  })
})
