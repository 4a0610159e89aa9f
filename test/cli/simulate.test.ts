/** `weir simulate`: the same run every time, plans from files and links, job modules of the user's own. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { TestFolder, jsonOf, weir } from './weir.ts'

const folder = new TestFolder()
afterAll(() => {
  folder.remove()
})

const TRAFFIC = 'lessons/jobs/traffic-statistics.ts'
const simulate = (job: string, ...options: readonly string[]): ReturnType<typeof weir> =>
  weir(['simulate', job, ...options])
const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex')

const MODULE = `import { defineJob, kafkaSink, kafkaSource, text } from 'weirstream'
import { first } from './first.ts'

export default defineJob('First Fields', { checkpointing: { intervalMs: 500 } }, (env) => {
  env
    .fromSource(kafkaSource({ topics: ['in'], groupId: 'first', value: text }))
    .map((record) => first(record.value))
    .sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))
})
`
const job = folder.write('job.ts', MODULE)
folder.write('first.ts', "export const first = (line: string) => line.split(',')[0] ?? ''\n")
const input = folder.write('input.csv', '1.1.1.1,5\n2.2.2.2,6\n')

describe.concurrent('a run', () => {
  test('twice has the same trace hash, and the crash fired', async () => {
    const options = ['--seed', '7', '--crash', 'worker-1@2500', '--json']
    const [first, second] = await Promise.all([
      simulate(TRAFFIC, ...options),
      simulate(TRAFFIC, ...options),
    ])
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first.out).toBe(second.out)
    expect(jsonOf(first)).toMatchObject({
      verdict: 'passed',
      lost: 0,
      duplicated: 0,
      faults: [
        {
          kind: 'crash',
          at: { t: 2500 },
          on: 'worker-1',
          outcome: 'fired',
          phase: expect.any(String),
        },
      ],
      plan: {
        v: 1,
        job: { builtin: 'traffic-statistics' },
        seed: 7,
        input: { generator: 'traffic' },
      },
    })
    expect(jsonOf(first)).not.toHaveProperty('violations')
    const byName = await simulate('traffic-statistics', ...options)
    expect(jsonOf(byName)['traceHash']).toBe(jsonOf(first)['traceHash'])
  })

  test('says which fault was not reached', async () => {
    const plan = {
      v: 1,
      job: { builtin: 'traffic-statistics' },
      config: { inputDurationMs: 500 },
      seed: 1,
      input: { generator: 'traffic', params: { records: 20 } },
      faults: [{ kind: 'crash', on: 'worker-1', at: { point: 'snapshot-taken', nth: 1000 } }],
    }
    const path = folder.write('unreached.json', JSON.stringify(plan))
    const [text, document] = await Promise.all([
      simulate(TRAFFIC, '--plan', path),
      simulate(TRAFFIC, '--plan', path, '--json'),
    ])
    expect(text.out).toMatch(
      /faults +crash worker-1 right after snapshot-taken number 1000: not reached/,
    )
    expect(jsonOf(document)).toMatchObject({
      faults: [{ outcome: 'not-reached', phase: null }],
      plan,
    })
  })

  test('with a known bug is violated: exit code 1, the invariant named', async () => {
    const options = ['--mutant', 'commit-on-pre-commit']
    const [text, document] = await Promise.all([
      simulate(TRAFFIC, ...options),
      simulate(TRAFFIC, ...options, '--json'),
    ])
    expect([text.code, document.code]).toEqual([1, 1])
    expect(text.out).toMatch(/verdict +VIOLATED {2}correctness/)
    expect(text.out).toMatch(/violations +X2 {2}/)
    const { verdict, violations } = jsonOf(document)
    expect(verdict).toBe('correctness')
    expect(violations).toContainEqual({
      invariant: 'X2',
      message: expect.any(String),
      seq: expect.any(Number),
    })
  })

  test('writes its trace as JSON lines', async () => {
    const path = folder.path('trace.jsonl')
    await simulate(TRAFFIC, '--trace', path, '--json')
    const events = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line): { seq: number; type: string } => JSON.parse(line))
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index))
    expect(events.at(-1)?.type).toBe('run-ended')
    expect(new Set(events.map(({ type }) => type))).toContain('checkpoint-completed')
  })
})

describe.concurrent('replay', () => {
  test('the printed link and the printed command give the same run', async () => {
    const { out } = await simulate(
      TRAFFIC,
      '--seed',
      '5',
      '--parallelism',
      '3',
      '--crash',
      'worker-2@1500',
    )
    const [, hash] = /trace hash +(\w+)/.exec(out) ?? []
    const [link = ''] = /http:\/\/127\.0\.0\.1:\d+\/#p=\S+/.exec(out) ?? []
    const [, command = ''] = /replay +npx weir (.*)/.exec(out) ?? []
    expect(command).toContain('--seed 5 --parallelism 3 --crash worker-2@1500')
    const [fromLink, fromCommand, fromFragment] = await Promise.all([
      simulate(TRAFFIC, '--plan', link),
      weir([...command.split(' '), '--json']),
      simulate(TRAFFIC, '--plan', link.slice(link.indexOf('#')), '--json'),
    ])
    expect(fromLink.out).toContain(`${hash}, the one that the link promised`)
    expect(jsonOf(fromCommand)['traceHash']).toBe(hash)
    expect(jsonOf(fromFragment)['traceHash']).toBe(hash)
  })

  test('other options change a plan, and then nothing is promised', async () => {
    const { out } = await simulate(TRAFFIC, '--seed', '5')
    const [link = ''] = /#p=\S+/.exec(out) ?? []
    const changed = await simulate(
      TRAFFIC,
      '--plan',
      link,
      '--crash',
      'worker-1@1500',
      '--seed',
      '6',
    )
    expect(changed.out).toContain('crash worker-1 at 1,500.0 ms: fired')
    expect(changed.out).not.toContain('promised')
  })
})

describe.concurrent("a module of the user's own", () => {
  test('is named by its path and hash in the plan, as the input is', async () => {
    const document = jsonOf(await simulate(job, '--input', input, '--json'))
    expect(document).toMatchObject({
      verdict: 'passed',
      records: 2,
      plan: {
        job: { module: expect.stringMatching(/job\.ts$/), sha256: sha256(MODULE) },
        input: { file: 'input.csv', sha256: sha256(readFileSync(input, 'utf8')) },
      },
    })
  })

  test('a plan with a file and a module runs only with these very files', async () => {
    const { plan, traceHash } = jsonOf(await simulate(job, '--input', input, '--json'))
    const path = folder.write('own.json', JSON.stringify(plan))
    const otherInput = folder.write('other.csv', '1.1.1.1,5\n')
    const otherJob = folder.write('other.ts', `${MODULE}// changed\n`)
    const [same, withoutInput, wrongInput, wrongJob, builtin] = await Promise.all([
      simulate(job, '--plan', path, '--input', input, '--json'),
      simulate(job, '--plan', path),
      simulate(job, '--plan', path, '--input', otherInput),
      simulate(otherJob, '--plan', path, '--input', input),
      simulate(TRAFFIC, '--plan', path, '--input', input),
    ])
    expect(jsonOf(same)['traceHash']).toBe(traceHash)
    expect([withoutInput, wrongInput, wrongJob, builtin].map(({ code }) => code)).toEqual([
      2, 2, 2, 2,
    ])
    expect(withoutInput.err).toMatch(
      /the file "input\.csv" with the sha256 \w+; give it with --input\.\n$/,
    )
    expect(wrongInput.err).toMatch(/the file "input\.csv" .*, but .*other\.csv has \w+/)
    expect(wrongJob.err).toMatch(/the module \S*job\.ts .*, but \S*other\.ts is \w+/)
    expect(builtin.err).toMatch(/is a job that ships with Weir/)
  })
})
