/** The help, the version, and one clear sentence with exit code 2 for every wrong use. */
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { TestFolder, jsonOf, weir } from './weir.ts'

const folder = new TestFolder()
afterAll(() => {
  folder.remove()
})

const COMMANDS = 'demo simulate fuzz mutants state repro plan bench ui help'.split(' ')

describe.concurrent('help', () => {
  test.each([[[]], [['--help']], [['help']]])('weir %s lists every command', async (args) => {
    const { code, out, err } = await weir(args)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    for (const name of COMMANDS) expect(out).toContain(`weir ${name}`)
  })

  test('as JSON it is one document with every command and its options', async () => {
    const { commands } = jsonOf(await weir(['help', '--json']))
    expect(commands).toMatchObject(COMMANDS.map((name) => ({ name })))
  })

  test.each(COMMANDS)('weir %s --help explains its options', async (name) => {
    const { code, out, err } = await weir([name, '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/--json .*\n {2}--help /)
  })

  test('the version is that of package.json', async () => {
    expect((await weir(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(jsonOf(await weir(['--version', '--json']))).toEqual({ version: expect.any(String) })
  })
})

const job = 'traffic-statistics'
const file = (name: string, content: string | Uint8Array): string => folder.write(name, content)
const badPlan = (fault: object): string =>
  JSON.stringify({
    v: 1,
    job: { builtin: job },
    config: {},
    seed: 1,
    input: { generator: 'traffic', params: {} },
    faults: [fault],
  })
const generator = badPlan({ kind: 'crash', on: 'worker-1', at: { t: 1 } }).replace(
  '"traffic"',
  '"rain"',
)
const binary = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13])

const MISUSES: readonly (readonly [args: readonly string[], sentence: RegExp])[] = [
  [['bogus'], /no command "bogus"; there are demo, /],
  [['--bogus'], /no command "--bogus"/],
  [['help', 'bogus'], /no command "bogus"/],
  [['simulate'], /simulate needs JOB/],
  [['simulate', job, 'more'], /"more" is too much/],
  [['simulate', job, '--bogus'], /no option --bogus; it has --json, /],
  [['simulate', job, '-x'], /no option -x/],
  [['simulate', job, '--seed'], /--seed needs a value/],
  [['simulate', job, '--seed', '-5'], /"-5" is none/],
  [['simulate', job, '--seed', 'many'], /--seed is "many"; it must be a whole number from 0 to/],
  [['simulate', job, '--json=yes'], /--json takes no value/],
  [['simulate', job, '--parallelism', '0'], /--parallelism is "0"/],
  [['simulate', job, '--mutant', 'moth'], /no mutant "moth"; there are barrier-not-aligned, /],
  [
    ['simulate', job, '--crash', 'worker-9@5'],
    /"worker-9"; the workers of this run are worker-1, worker-2/,
  ],
  [['simulate', job, '--crash', 'worker-1'], /write a worker and a time/],
  [['simulate', job, '--crash', 'worker-1@99999999999'], /at most 86400000/],
  [['simulate', job, '--trace', folder.path('no/trace.jsonl')], /cannot write .*ENOENT/],
  [['simulate', job, '--plan', folder.path('missing.json')], /no file .*missing\.json/],
  [['simulate', job, '--plan', file('half.json', '{"v":1,')], /half\.json: .*not JSON/],
  [['simulate', job, '--plan', file('few.json', '{"v":1}')], /few\.json: .*config is missing/],
  [['simulate', job, '--plan', file('none.json', '')], /none\.json is empty/],
  [['simulate', job, '--plan', file('png.json', binary)], /png\.json is a binary file/],
  [
    ['simulate', job, '--plan', file('fault.json', badPlan({ kind: 'fire' }))],
    /faults\[0\]\.kind is "fire"/,
  ],
  [
    ['simulate', job, '--plan', file('rain.json', generator)],
    /no input generator "rain"; there is traffic/,
  ],
  [['simulate', job, '--plan', '#p=damaged'], /damaged/],
  [['simulate', job, '--plan', 'http://127.0.0.1:1/'], /has no plan/],
  [['simulate', 'lessons'], /lessons is a folder/],
  [['simulate', 'missing.ts'], /no job missing\.ts; give the path of a module/],
  [['simulate', 'lessons/jobs/traffic-statistics'], /did you mean traffic-statistics\.ts\?/],
  [['simulate', 'cli/terminal.ts'], /default export of cli\/terminal\.ts is not a job/],
  [['simulate', 'index.html'], /index\.html cannot be loaded/],
  [
    ['simulate', file('throws.ts', 'throw new Error("late\\nagain")')],
    /throws\.ts cannot be loaded, Error: late;/,
  ],
  [
    [
      'simulate',
      file(
        'sourceless.ts',
        "import { defineJob } from 'weirstream'\nexport default defineJob('None', {}, () => {})",
      ),
    ],
    /sourceless\.ts: The job "None" has no source/,
  ],
  [['demo', 'more'], /demo takes options only/],
  [['demo', '--port', '99999'], /--port is "99999"/],
  [['demo', '--no-crash', '--crash', 'worker-1@5'], /contradict/],
  [['demo', '--input', folder.path('missing.log')], /no file .*missing\.log/],
  [['demo', '--input', '.'], /\. is a folder/],
  [['demo', '--input', file('empty.log', '')], /empty\.log is empty/],
  [['demo', '--input', file('empty.gz', gzipSync(''))], /empty\.gz is empty/],
  [['demo', '--input', file('png.log', binary)], /png\.log is a binary file/],
  [
    ['demo', '--input', file('cut.gz', gzipSync('1.2.3.4,5\n').subarray(0, 20))],
    /cannot be unpacked/,
  ],
  [['fuzz', job, '--runs', '0'], /--runs is "0"/],
  [['fuzz', job, '--shard', '5/4'], /--shard is "5\/4"/],
  [['mutants', 'moth'], /no mutant "moth"/],
  [['bench', 'tea'], /no benchmark "tea"/],
]

describe.concurrent('wrong usage', () => {
  test.each(MISUSES)('weir %s', async (args, sentence) => {
    const { code, out, err } = await weir([
      ...args,
      ...(args.includes('--json=yes') ? [] : ['--json']),
    ])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^weir: [^\n]+\n$/)
    expect(err).toMatch(sentence)
  })
})
