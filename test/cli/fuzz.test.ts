/** `weir fuzz`, `weir mutants` and `weir plan`. */
import { afterAll, describe, expect, test } from 'vitest'
import { TestFolder, jsonOf, weir } from './weir.ts'

const folder = new TestFolder()
afterAll(() => {
  folder.remove()
})

const JOB = 'traffic-statistics'
const KINDS = ['crash', 'fail', 'sever', 'drop', 'compact', 'delay', 'duplicate', 'lose-response']
const counts = {
  fired: expect.any(Number),
  notReached: expect.any(Number),
  noEffect: expect.any(Number),
}

interface Found {
  readonly invariant: string
  readonly plan: { readonly faults: readonly object[] }
  readonly foundPlan: object
  readonly run: number
  readonly url: string
}

describe.concurrent('weir fuzz', () => {
  test('without a violation: what the faults hit, and how far that reaches', async () => {
    const options = ['fuzz', JOB, '--runs', '30', '--seed', '3']
    const [document, text] = await Promise.all([weir([...options, '--json']), weir(options)])
    expect(document).toMatchObject({ code: 0, err: '' })
    expect(jsonOf(document)).toEqual({
      runs: 30,
      effective: expect.any(Number),
      violations: [],
      faults: Object.fromEntries(KINDS.map((kind) => [kind, counts])),
    })
    expect(text).toMatchObject({ code: 0, err: '' })
    for (const phase of ['idle', 'snapshotting', 'restoring'])
      expect(text.out).toContain(`  ${phase} `)
    expect(text.out).toMatch(/effective +\d+ of 30 runs had a fault that fired \(\d+\.\d %\)/)
    expect(text.out).toContain('at most 10.0 % of such plans fail, with 95 % confidence (3/N)')
  })

  test('the shards of a campaign are the whole', async () => {
    const shards = ['1/3', '2/3', '3/3'].map((shard) =>
      weir(['fuzz', JOB, '--runs', '20', '--shard', shard, '--json']),
    )
    const runs = (await Promise.all(shards)).map((finished) => jsonOf(finished)['runs'])
    expect(runs).toEqual([7, 7, 6])
  })

  test('a violation: exit code 1, a shrunk plan that fails in the same way, and a link', async () => {
    const options = ['fuzz', JOB, '--mutant', 'abort-on-restore']
    const [document, text] = await Promise.all([weir([...options, '--json']), weir(options)])
    expect([document.code, text.code]).toEqual([1, 1])
    const { violations } = jsonOf(document) as unknown as { violations: Found[] }
    expect(violations).toEqual([
      {
        invariant: expect.any(String),
        message: expect.any(String),
        plan: expect.any(Object),
        foundPlan: expect.any(Object),
        run: expect.any(Number),
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#p=[\w-]+&h=\w+$/),
      },
    ])
    const [found] = violations
    const path = folder.write('plan.json', JSON.stringify(found?.plan))
    const [, command = ''] = /replay +npx weir (.*)/.exec(text.out) ?? []
    const again = await Promise.all([
      weir(['simulate', JOB, '--plan', path, '--json']),
      weir(['simulate', JOB, '--plan', found?.url ?? '', '--json']),
      weir([...command.replaceAll("'", '').split(' '), '--json']),
    ])
    for (const finished of again) {
      expect(finished.code).toBe(1)
      const broken = jsonOf(finished) as unknown as { violations: Found[] }
      expect(broken.violations.map(({ invariant }) => invariant)).toContain(found?.invariant)
    }
  })
})

describe.concurrent('weir mutants', () => {
  test('--list names the known bugs', async () => {
    const { mutants } = jsonOf(await weir(['mutants', '--list', '--json']))
    expect(mutants).toContainEqual({
      name: 'flush-omitted',
      description: expect.stringMatching(/^B-29: /),
    })
  })

  test('that are all caught: exit code 0, the invariant named', async () => {
    const names = ['flush-omitted', 'lso-is-high-watermark']
    const finished = await weir(['mutants', ...names, '--json'])
    expect(finished).toMatchObject({ code: 0, err: '' })
    const one = (name: string): object =>
      expect.objectContaining({ name, caught: true, invariant: expect.any(String) })
    expect(jsonOf(finished)).toEqual({ caught: 2, missed: 0, mutants: names.map(one) })
  })

  test('one that is missed, as too few plans were tried: exit code 1', async () => {
    const { code, out } = await weir(['mutants', 'flush-omitted', 'no-epoch-check', '--runs', '1'])
    expect(code).toBe(1)
    expect(out).toMatch(/caught +flush-omitted +\w+ +1 +traffic-statistics/)
    expect(out).toMatch(/missed +no-epoch-check/)
    expect(out).toContain('1 of 2 known bugs caught')
  })
})

describe.concurrent('weir plan', () => {
  test('prints vertices, chained operators and edges', async () => {
    const { code, out } = await weir(['plan', JOB])
    expect(code).toBe(0)
    expect(out).toMatch(/vertex 1 {2}parallelism 2\n.*source of traffic-events/)
    expect(out).toMatch(/── hash of the key ──▶ vertex 2/)
    expect(out).toMatch(/sink to traffic-statistics, exactly-once/)
  })

  test('as JSON, with another parallelism', async () => {
    const document = jsonOf(await weir(['plan', JOB, '--parallelism', '4', '--json']))
    expect(document).toMatchObject({
      job: 'Traffic Statistics',
      parallelism: 4,
      maxParallelism: 128,
      checkpointIntervalMs: 1000,
      vertices: [
        {
          id: 'source',
          parallelism: 4,
          operators: [
            { uid: 'source', kind: 'source', input: null },
            { uid: 'parse', kind: 'process', input: 'source' },
            { uid: 'malformed-sink', kind: 'sink', input: 'parse', tag: 'malformed' },
          ],
        },
        { id: 'sum', parallelism: 4 },
      ],
      edges: [{ from: 'source', operator: 'parse', to: 'sum', partitioning: 'hash', tag: null }],
    })
  })
})
