/** The order of a key's fold, as the committed output shows it. */
import { describe, expect, test } from 'vitest'
import { text } from '../../../engine/serializer.ts'
import type { FedPartition, OutputPartition } from '../../../sim/history/history.ts'
import { FoldOrder } from '../../../sim/oracle/fold-order.ts'
import { OriginIndex } from '../../../sim/oracle/origin-index.ts'

const fed = [0, 1].map((partition): FedPartition => ({
  source: 'source',
  topic: 'in',
  partition,
  records: [],
  endOffset: 10,
}))
const index = new OriginIndex(fed)

/** `'0@1 1@0'`: the inputs that the outputs of one partition stand for, in order. */
function outputOf(origins: string, partition: number): OutputPartition {
  const committed = origins
    .split(' ')
    .filter((origin) => origin !== '')
    .map((origin, offset) => ({
      offset,
      key: null,
      value: text.encode(''),
      origins: [parse(origin)],
    }))
  const ends = { lastStableOffset: 9, highWatermark: 9 }
  return {
    sinks: ['sink'],
    delivery: 'exactly-once',
    topic: 'out',
    partition,
    committed,
    observed: [],
    ...ends,
  }
}

function parse(origin: string) {
  const [partition, offset] = origin.split('@').map(Number)
  return { topic: 'in', partition: partition ?? 0, offset: offset ?? 0 }
}

/** Arranges records (given in input order) by the outputs of each partition. */
function arrange(records: string, outputs: readonly string[], isInputOrder = true): string {
  const order = new FoldOrder(outputs.map(outputOf), index)
  const list = records
    .split(' ')
    .map((origin) => ({ value: null, timestamp: 0, origin: index.numberOf(parse(origin)) }))
  const { ordered, isUncertain, inverted } = order.arrange(list, isInputOrder)
  const names = ordered.map(({ origin }) => index.nameOf(origin).slice(3)).join(' ')
  const marks = [isUncertain ? ' uncertain' : '', inverted === null ? '' : ' inverted']
  return names + marks.join('')
}

describe('records of several partitions', () => {
  test('were folded in the order of their outputs', () => {
    expect(arrange('0@0 0@1 1@0', ['0@0 1@0 0@1'])).toBe('0@0 1@0 0@1')
    expect(arrange('0@0 0@1 1@0', ['1@0 0@0 0@1'])).toBe('1@0 0@0 0@1')
  })

  test('one without output leaves the order uncertain', () => {
    expect(arrange('0@0 0@1 1@0', ['1@0 0@1'])).toBe('1@0 0@0 0@1 uncertain')
  })

  test('so do outputs in several partitions', () => {
    expect(arrange('0@0 1@0', ['0@0', '1@0'])).toMatch(/uncertain$/)
  })

  test('outputs of other keys in between do not matter', () => {
    expect(arrange('0@0 1@0', ['0@5 1@0 1@7 0@0'])).toBe('1@0 0@0')
  })
})

describe('records of one partition', () => {
  test('were folded in their own order, with or without outputs', () => {
    expect(arrange('0@0 0@1 0@2', [''])).toBe('0@0 0@1 0@2')
    expect(arrange('0@0 0@1 0@2', ['0@0', '0@1 0@2'])).toBe('0@0 0@1 0@2')
  })

  test('whose outputs come in another order are inverted', () => {
    expect(arrange('0@0 0@1', ['0@1 0@0'])).toBe('0@0 0@1 inverted')
    expect(arrange('0@0 0@1 0@2', ['0@2 0@0'])).toMatch(/inverted$/)
  })

  test('in several output partitions are not: these have no common order', () => {
    expect(arrange('0@0 0@1', ['0@1', '0@0'])).toBe('0@0 0@1')
  })

  test('of a job that does not keep the order were folded as the outputs show', () => {
    expect(arrange('0@0 0@1', ['0@1 0@0'], false)).toBe('0@1 0@0')
    expect(arrange('0@0 0@1', ['0@1'], false)).toMatch(/uncertain$/)
  })
})

test('a record without partner is certain', () => {
  expect(arrange('0@0', [''])).toBe('0@0')
})

describe('the index of records', () => {
  test('numbers them by partition and offset, and names them again', () => {
    const numbers = ['0@0', '0@9', '1@0', '1@9'].map((origin) => index.numberOf(parse(origin)))
    expect(numbers).toEqual([0, 9, 10, 19])
    expect(numbers.map((number) => index.nameOf(number))).toEqual([
      'in/0@0',
      'in/0@9',
      'in/1@0',
      'in/1@9',
    ])
    expect(numbers.map((number) => index.partitionOf(number))).toEqual([0, 0, 1, 1])
  })

  test('has no number for what was never fed', () => {
    for (const origin of ['0@10', '1@10', '2@0', '0@-1'])
      expect(index.numberOf(parse(origin))).toBe(-1)
    expect(index.numberOf({ topic: 'other', partition: 0, offset: 0 })).toBe(-1)
  })

  test('tells for offsets the first record of each partition that they do not cover', () => {
    expect(index.limits([{ topic: 'in', partition: 1, offset: 4 }])).toEqual([0, 14])
  })
})
