/** Generated traffic: reproducible, and of the shape of a real server's log. */
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import type { Plan } from '../../../sim/plan/plan.ts'
import { trafficLines } from '../../../sim/workload/traffic-generator.ts'
import { generateLines, inputLines } from '../../../sim/workload/workload.ts'

const RECORD = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}),(\d+)$/

const lines = trafficLines({}, 7)
const records = lines.flatMap((line) => {
  const [, ip, bytes] = RECORD.exec(line) ?? []
  return ip === undefined ? [] : [{ ip, bytes: Number(bytes) }]
})

/** How often each address comes, most frequent first. */
function frequencies(): number[] {
  const counts = new Map<string, number>()
  for (const { ip } of records) counts.set(ip, (counts.get(ip) ?? 0) + 1)
  return [...counts.values()].toSorted((a, b) => b - a)
}

test('the same seed gives the same lines, another one others', () => {
  expect(trafficLines({ records: 50 }, 7)).toEqual(trafficLines({ records: 50 }, 7))
  expect(trafficLines({ records: 50 }, 8)).not.toEqual(trafficLines({ records: 50 }, 7))
})

test('fewer records are the beginning of more', () => {
  expect(trafficLines({ records: 50 }, 7)).toEqual(lines.slice(0, 50))
})

describe('10 000 lines', () => {
  test('have some 1 750 addresses', () => {
    const addresses = frequencies().length
    expect(addresses).toBeGreaterThan(1650)
    expect(addresses).toBeLessThan(1850)
  })

  test('have a head that is much more frequent than the tail', () => {
    const counts = frequencies()
    const share = counts.slice(0, 10).reduce((sum, count) => sum + count, 0) / records.length
    expect(share).toBeGreaterThan(0.1)
    expect(share).toBeLessThan(0.25)
    expect(counts[counts.length >> 1]).toBeLessThanOrEqual(4)
  })

  test('have 7 % responses without a body', () => {
    const share = records.filter(({ bytes }) => bytes === 0).length / records.length
    expect(share).toBeGreaterThan(0.06)
    expect(share).toBeLessThan(0.08)
  })

  test('have sizes with a heavy tail: the mean is far above the median', () => {
    const sizes = records.map(({ bytes }) => bytes).toSorted((a, b) => a - b)
    const median = sizes[sizes.length >> 1] ?? 0
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
    expect(mean / median).toBeGreaterThan(20)
    expect(sizes.at(-1)).toBeLessThanOrEqual(0x800_0000)
    expect(sizes.find((size) => size > 0)).toBeGreaterThanOrEqual(256)
  })

  test('have a few lines that are no records', () => {
    const malformed = lines.length - records.length
    expect(malformed).toBeGreaterThan(0)
    expect(malformed).toBeLessThan(40)
  })
})

describe('parameters', () => {
  test('decide how many records and how many addresses there are', () => {
    const few = trafficLines({ records: 500, addresses: 3, malformedPerMille: 0 }, 1)
    expect(few).toHaveLength(500)
    expect(new Set(few.map((line) => line.split(',')[0])).size).toBe(3)
    expect(few.every((line) => RECORD.test(line))).toBe(true)
  })

  test('no two addresses of a run are the same', () => {
    const many = trafficLines({ records: 20_000, addresses: 300, malformedPerMille: 0 }, 1)
    expect(new Set(many.map((line) => line.split(',')[0])).size).toBe(300)
  })

  test('all lines can be malformed, and none of them is a record', () => {
    const broken = trafficLines({ records: 200, malformedPerMille: 1000 }, 1)
    expect(broken.some((line) => RECORD.test(line))).toBe(false)
    expect(new Set(broken).size).toBeGreaterThan(3)
  })

  test('that do not exist are refused with one sentence', () => {
    expect(() => trafficLines({ toString: 9 }, 1)).toThrow('has no parameter "toString"')
    const generate = (): unknown => trafficLines({ speed: 9 }, 1)
    expect(generate).toThrow(ConfigurationError)
    expect(generate).toThrow(
      'The generator "traffic" has no parameter "speed"; it has records, addresses, malformedPerMille.',
    )
  })
})

describe('the lines of a plan', () => {
  const plan: Plan = {
    v: 1,
    job: { builtin: 'traffic-statistics' },
    config: {},
    seed: 3,
    input: { generator: 'traffic', params: { records: 4 } },
    faults: [],
  }

  test('come from its generator, parameters and seed', () => {
    expect(inputLines(plan)).toEqual(trafficLines({ records: 4 }, 3))
  })

  test('of an unknown generator are refused', () => {
    expect(() => generateLines('noise', {}, 1)).toThrow(
      'There is no input generator "noise"; there is traffic, page-views, card-transactions,',
    )
    expect(() => generateLines('toString', {}, 1)).toThrow('There is no input generator "toString"')
  })

  test('of a file must be given', () => {
    const input = { file: 'access.log', sha256: 'abc' }
    expect(() => inputLines({ ...plan, input })).toThrow(
      'The plan\'s input is the file "access.log" (sha256 abc); open the plan together with it.',
    )
  })
})
