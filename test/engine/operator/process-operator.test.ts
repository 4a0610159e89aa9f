/** process: emitting, side outputs, keyed state. */
import { describe, expect, test } from 'vitest'
import { InvariantViolation } from '../../../engine/assert.ts'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { UserFunctionError } from '../../../engine/errors.ts'
import { outputTag, type ProcessFunction } from '../../../engine/operator/functions.ts'
import { ProcessOperator } from '../../../engine/operator/process-operator.ts'
import { valueState } from '../../../engine/state/descriptors.ts'
import { operatorContext, valuesOf } from '../operator-context.ts'
import { Operating, type Saved } from './operating.ts'

function processing(process: ProcessFunction, isKeyed = false, saved: Saved | null = null) {
  return new Operating(
    { type: 'process', process },
    isKeyed ? (value: unknown) => value : null,
    saved,
  )
}

describe('outputs', () => {
  const odd = outputTag<number>('odd')
  const split: ProcessFunction = (value, context) => {
    if (Number(value) % 2 === 0) context.collect(value)
    else context.output(odd, Number(value))
  }

  test('what is collected goes to the main output, what is tagged to the side output of that name', () => {
    const operating = processing(split)
    for (const value of [1, 2, 3, 4]) operating.process(value)
    expect(valuesOf(operating.context)).toEqual([2, 4])
    expect(valuesOf(operating.context, 'odd')).toEqual([1, 3])
  })

  test('two tags of one name are one side output', () => {
    const operating = processing((value, context) => {
      context.output(outputTag('late'), value)
    })
    operating.process(1)
    operating.process(2)
    expect(valuesOf(operating.context, 'late')).toEqual([1, 2])
  })

  test('both carry the timestamp of the record', () => {
    const operating = processing((value, context) => {
      context.collect(value)
      context.output(odd, 0)
    })
    operating.process('a', 17)
    const times = ['main', 'odd'].map((tag) => operating.context.emitted.get(tag)?.[0]?.timestamp)
    expect(times).toEqual([17, 17])
  })

  test('the function sees the timestamp, or null when there is none', () => {
    const operating = processing((_, context) => {
      context.collect(context.timestamp)
    })
    expect(operating.process('a', 17)).toEqual([17])
    expect(operating.process('b', 0)).toEqual([0])
    expect(operating.process('c', NO_TIMESTAMP)).toEqual([null])
  })
})

describe('keyed state', () => {
  const count = valueState<number>('count')
  const counting: ProcessFunction = (_, context) => {
    const state = context.state(count)
    state.update((state.value() ?? 0) + 1)
    context.collect(`${String(context.key)} ${state.value()}`)
  }

  test('every key has its own', () => {
    const operating = processing(counting, true)
    expect(['a', 'b', 'a'].flatMap((key) => operating.process(key))).toEqual(['a 1', 'b 1', 'a 2'])
  })

  test('it survives a checkpoint', () => {
    const before = processing(counting, true)
    before.process('a')
    expect(processing(counting, true, before.save()).process('a')).toEqual(['a 2'])
  })

  test('it can be cleared', () => {
    const operating = processing((value, context) => {
      const state = context.state(count)
      if (value === 'b') state.clear()
      else state.update(1)
      context.collect(state.value())
    }, true)
    expect(operating.process('a')).toEqual([1])
    expect(operating.process('b')).toEqual([undefined])
  })
})

describe('outside of a keyed context', () => {
  test('state is refused with a sentence that says what to do', () => {
    const operating = processing((_, context) => {
      context.state(valueState('count'))
    })
    expect(() => operating.process(1)).toThrow(
      'The operator "op" asked for state "count", but its stream is not keyed. Put a keyBy before it.',
    )
  })

  test('and so is the key', () => {
    const operating = processing((_, context) => {
      context.collect(context.key)
    })
    expect(() => operating.process(1)).toThrow('The operator "op" asked for key, but its stream')
  })
})

describe('exceptions', () => {
  test('of the function name the operator', () => {
    const operating = processing(() => {
      throw new TypeError('boom')
    })
    expect(() => operating.process(1)).toThrow(UserFunctionError)
    expect(() => operating.process(1)).toThrow(
      'The function of operator "op" threw: TypeError: boom',
    )
  })

  test('that are no errors are described too', () => {
    const operating = processing(() => {
      throw 'a text'
    })
    expect(() => operating.process(1)).toThrow('The function of operator "op" threw: a text')
  })

  test.each([
    ['of a function further down the chain', new UserFunctionError('map', new TypeError('boom'))],
    ['that are bugs of ours', new InvariantViolation('A bug.')],
  ])('%s pass through as they are, and name nobody else', (_, error) => {
    const context = operatorContext({
      output: () => ({
        emit: () => {
          throw error
        },
      }),
    })
    const operator = new ProcessOperator((value, emitting) => {
      emitting.collect(value)
    }, context)
    expect(() => {
      operator.process(1, 0)
    }).toThrow(error)
  })
})
