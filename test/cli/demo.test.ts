/** `weir demo`: the facts of a real access log, with and without a crash; what it counts, shows and prints. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { TestFolder, accessLog, jsonOf, weir } from './weir.ts'

const folder = new TestFolder()
afterAll(() => {
  folder.remove()
})

const demo = (...options: readonly string[]): Promise<Awaited<ReturnType<typeof weir>>> =>
  weir(['demo', '--no-serve', ...options])

if (!accessLog.isThere) process.stdout.write('Skipped: no access log beside the repository.\n')

describe.skipIf(!accessLog.isThere)(
  'the access log of a real web server',
  { concurrent: true },
  () => {
    const facts = (): object => ({
      verdict: 'passed',
      records: 10_000,
      malformed: 0,
      keys: 1753,
      totalBytes: 2_747_282_740,
      lost: 0,
      duplicated: 0,
      top: accessLog.top(),
    })

    test('gives its own sums without a crash', async () => {
      const finished = await demo('--input', accessLog.path, '--no-crash', '--json')
      expect(finished).toMatchObject({ code: 0, err: '' })
      expect(jsonOf(finished)).toMatchObject({ ...facts(), restarts: 0, recovery: null })
    })

    test('gives the same sums with a crash in the middle of a checkpoint', async () => {
      const finished = await demo('--input', accessLog.path, '--json')
      expect(finished.code).toBe(0)
      expect(jsonOf(finished)).toMatchObject({
        ...facts(),
        restarts: 1,
        checkpoints: { aborted: 1 },
      })
    })

    test('gives the same sums unpacked, in another parallelism, with crashes at given times', async () => {
      const path = folder.write('access.log', gunzipSync(readFileSync(accessLog.path)))
      const crashes = ['--crash', 'worker-1@2000', '--crash', 'worker-2@5000.5']
      const finished = await demo('--input', path, '--parallelism', '3', ...crashes, '--json')
      expect(jsonOf(finished)).toMatchObject(facts())
    })
  },
)

describe.concurrent('the generated log', () => {
  test('as JSON: one document with these fields, the same for the same seed', async () => {
    const [first, second, other] = await Promise.all(
      ['7', '7', '8'].map((seed) => demo('--json', '--seed', seed)),
    )
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first?.out).toBe(second?.out)
    expect(first?.out).not.toBe(other?.out)
    const document = first === undefined ? {} : jsonOf(first)
    expect(document).toEqual({
      verdict: 'passed',
      traceHash: expect.stringMatching(/^[0-9a-f]{16}$/),
      records: 10_000,
      malformed: expect.any(Number),
      keys: expect.any(Number),
      totalBytes: expect.any(Number),
      lost: 0,
      duplicated: 0,
      checkpoints: { completed: expect.any(Number), aborted: 1 },
      restarts: 1,
      recovery: expect.any(Object),
      top: expect.any(Array),
    })
    const { recovery, top } = document as { recovery: Record<string, number>; top: object[] }
    expect(Object.keys(recovery)).toEqual(['detectMs', 'restartMs', 'restoreMs', 'catchUpMs'])
    for (const ms of Object.values(recovery)) expect(ms).toBe(Number(ms.toFixed(3)))
    expect(top).toHaveLength(5)
    for (const entry of top) expect(Object.keys(entry)).toEqual(['key', 'total'])
  })

  test('as text: every number that the document has, without colours and progress outside a terminal', async () => {
    const { code, out, err } = await demo()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).not.toContain('\u001b')
    expect(out).toMatch(/records +10,000 in, [\d,]+ out, \d+ malformed/)
    expect(out).toMatch(/checkpoints +\d+ completed, 1 aborted/)
    expect(out).toMatch(/crashes +1 crash, 1 restart/)
    expect(out).toMatch(/recovery .* = detect .* \+ restart .* \+ restore .* \+ catch-up/)
    expect(out).toMatch(/verdict +PASSED {2}exactly once: 0 lost, 0 duplicated/)
    expect(out).toMatch(/top 5 +bytes/)
    expect(out).toMatch(/partition \d+ offset \d+ +"/)
    expect(out).toMatch(/replay +npx weir simulate traffic-statistics --plan '#p=/)
  })

  test('colours are there when they are forced, and gone with NO_COLOR', async () => {
    const options = ['demo', '--no-serve', '--no-crash']
    const [forced, bare] = await Promise.all([
      weir(options, { FORCE_COLOR: '1' }),
      weir(options, { NO_COLOR: '1' }),
    ])
    expect(forced.out).toContain('\u001b[32m')
    expect(bare.out).not.toContain('\u001b')
  })
})

const LOG = [
  '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 100 "http://a/" "agent"',
  '1.2.3.4 - - [17/May/2015:10:05:04 +0000] "GET /x HTTP/1.1" 304 - "-" "an agent without end',
  '::1 - frank [10/Oct/2000:13:55:36 -0700] "GET /\\"q\\" HTTP/1.0" 200 2326',
  '5.6.7.8,7',
  'neither \u001b[31mred\u001b[0m nor a log line',
  '',
]

test.concurrent.each([
  ['plain', LOG.join('\n')],
  ['with a line end at its end', `${LOG.join('\n')}\n`],
  ['with Windows line ends', `\ufeff${LOG.join('\r\n')}\r\n`],
  ['packed', gzipSync(`${LOG.join('\n')}\n`)],
])(
  'a log file, %s: every line is fed, lines in neither format are malformed',
  async (name, content) => {
    const path = folder.write(`${name}.log`, content)
    const lines = name === 'plain' ? LOG.length - 1 : LOG.length
    expect(jsonOf(await demo('--input', path, '--json'))).toMatchObject({
      verdict: 'passed',
      records: lines,
      malformed: lines - 4,
      keys: 3,
      totalBytes: 2433,
      top: [
        { key: '::1', total: 2326 },
        { key: '1.2.3.4', total: 100 },
        { key: '5.6.7.8', total: 7 },
      ],
    })
  },
)

test.concurrent('what a log holds cannot steer the terminal', async () => {
  const { out } = await demo('--input', folder.write('colours.log', LOG.join('\n')))
  expect(out).toMatch(/partition 0 offset 2 +"neither \\x1b\[31mred\\x1b\[0m nor a log line"/)
  expect(out).not.toContain('\u001b')
})
