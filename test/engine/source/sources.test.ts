/** The factories: what they make, what they refuse. */
import { describe, expect, test } from 'vitest'
import { text } from '../../../engine/serializer.ts'
import { emitsWatermarks, isBounded, readsTopic } from '../../../engine/source/source-spec.ts'
import type {
  GeneratorSourceOptions,
  KafkaSourceOptions,
  KafkaSourceSpec,
} from '../../../engine/source/source-spec.ts'
import {
  collectionSource,
  customSource,
  fileSource,
  generatorSource,
  hybridSource,
  kafkaSource,
} from '../../../engine/source/sources.ts'

function kafka(options: Partial<KafkaSourceOptions<string>> = {}): KafkaSourceSpec {
  const { spec } = kafkaSource({ topics: ['in'], groupId: 'g', value: text, ...options })
  if (spec.type !== 'kafka') throw new Error('A Kafka source is one.')
  return spec
}

const custom = (isBoundedSource: boolean, emits?: boolean) =>
  customSource<number>({
    name: 'own',
    isBounded: isBoundedSource,
    ...(emits === undefined ? {} : { emitsWatermarks: emits }),
    createReader: () => ({ poll: () => 'finished', snapshot: () => [] }),
  })

const endless = kafkaSource({ topics: ['in'], groupId: 'g', value: text })
const numbers = collectionSource([1, 2])

describe('Kafka', () => {
  test("has the connector's defaults", () => {
    expect(kafka()).toMatchObject({
      startingOffsets: 'earliest',
      stoppingOffsets: null,
      partitionDiscoveryIntervalMs: 300_000,
      topicPattern: null,
    })
  })

  test('discovers nothing when that is off or when it is bounded', () => {
    expect(kafka({ partitionDiscoveryIntervalMs: 0 }).partitionDiscoveryIntervalMs).toBeNull()
    expect(kafka({ partitionDiscoveryIntervalMs: -1 }).partitionDiscoveryIntervalMs).toBeNull()
    expect(kafka({ stoppingOffsets: 'latest' }).partitionDiscoveryIntervalMs).toBeNull()
  })

  test('reads the topics it names, or those that a pattern matches, however often it is asked', () => {
    expect(readsTopic(kafka(), 'in')).toBe(true)
    expect(readsTopic(kafka(), 'input')).toBe(false)
    const { spec } = kafkaSource({ topicPattern: /^in/g, groupId: 'g', value: text })
    if (spec.type !== 'kafka') throw new Error('A Kafka source is one.')
    expect(['in', 'input', 'in', 'main'].map((name) => readsTopic(spec, name))).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  test('refuses topics together with a pattern, and neither', () => {
    expect(() => kafka({ topicPattern: /x/ })).toThrow(
      'kafkaSource got both topics and topicPattern; give it one of them.',
    )
    expect(() => kafkaSource({ groupId: 'g', value: text })).toThrow('empty list of topics')
  })

  test('refuses an interval that is not whole', () => {
    expect(() => kafka({ partitionDiscoveryIntervalMs: 1.5 })).toThrow(
      'The option partitionDiscoveryIntervalMs is 1.5',
    )
  })
})

describe('a generator', () => {
  test.each([0, -3, Number.NaN, Number.POSITIVE_INFINITY])('refuses the rate %d', (rate) => {
    expect(() => generatorSource({ ratePerSecond: rate, generate: (i) => i })).toThrow(
      `The option ratePerSecond is ${rate}; it must be a number above 0.`,
    )
  })

  test('refuses a count that is not whole, and to be without function', () => {
    expect(() => generatorSource(1.5, (i) => i)).toThrow('The option count is 1.5')
    // As a job in JavaScript might call it.
    const options = { count: 3 } as unknown as GeneratorSourceOptions<number>
    expect(() => generatorSource(options)).toThrow('generatorSource got no function generate')
  })
})

describe('a hybrid source', () => {
  test('refuses to have one source, to be nested, and to go on after a source without end', () => {
    expect(() => hybridSource({ sources: [numbers] })).toThrow('hybridSource got 1 sources')
    const nested = hybridSource({ sources: [numbers, endless] })
    expect(() => hybridSource({ sources: [numbers, nested] })).toThrow(
      'Source 1 of a hybridSource is one itself',
    )
    expect(() => hybridSource({ sources: [endless, numbers] })).toThrow(
      'Source 0 of a hybridSource has no end',
    )
  })
})

test('a custom source without name or reader is refused', () => {
  expect(() =>
    customSource({
      name: '',
      isBounded: true,
      createReader: () => ({ poll: () => 'idle', snapshot: () => [] }),
    }),
  ).toThrow('customSource needs a name and a function createReader(context, restored).')
})

test('every source says whether it ends by itself', () => {
  const bounded = [
    kafkaSource({ topics: ['in'], groupId: 'g', value: text, stoppingOffsets: 'latest' }),
    fileSource('a'),
    numbers,
    generatorSource(1, (i) => i),
    custom(true),
    hybridSource({ sources: [numbers, fileSource('a')] }),
  ]
  expect(bounded.map(({ spec }) => isBounded(spec))).toEqual(bounded.map(() => true))
  const unbounded = [
    endless,
    generatorSource({ generate: (i) => i }),
    custom(false),
    hybridSource({ sources: [numbers, endless] }),
  ]
  expect(unbounded.map(({ spec }) => isBounded(spec))).toEqual(unbounded.map(() => false))
})

test('only custom sources that say so emit watermarks, and hybrid ones made of those', () => {
  const own = custom(true, true)
  const specs = [own, hybridSource({ sources: [own, own] }), custom(true), endless, numbers]
  expect(specs.map(({ spec }) => emitsWatermarks(spec))).toEqual([true, true, false, false, false])
  expect(emitsWatermarks(hybridSource({ sources: [own, numbers] }).spec)).toBe(false)
})
