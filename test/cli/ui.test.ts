/** `weir ui` and the server of `weir demo`: the page, the files of a run by their hashes, and nothing else. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { isJob } from '../../engine/job/define-job.ts'
import { parsePlan, simulate } from '../../sim/index.ts'
import { decodeRunLink } from '../../visualizer/plan-url.ts'
import { TestFolder, accessLog, jsonOf, startWeir } from './weir.ts'
import type { Running } from './weir.ts'

const folder = new TestFolder()
const started: Running[] = []
afterAll(() => {
  for (const { child } of started) child.kill('SIGKILL')
  folder.remove()
})

const start = (...args: readonly string[]): Running => {
  const running = startWeir(args)
  started.push(running)
  return running
}
const urlOf = async (running: Running): Promise<string> =>
  await running.sees(/http:\/\/127\.0\.0\.1:\d+\//)
const end = (running: Running, signal: NodeJS.Signals): Running['finished'] => {
  running.child.kill(signal)
  return running.finished
}

const MODULE = `import { defineJob, kafkaSink, kafkaSource, text } from 'weirstream'
import type { KafkaRecord } from 'weirstream'
import { double } from './double.ts'

export default defineJob('Doubles', { checkpointing: { intervalMs: 500 } }, (env) => {
  env
    .fromSource(kafkaSource({ topics: ['in'], groupId: 'doubles', value: text }))
    .map(({ value }: KafkaRecord<string>): string => double(value))
    .sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))
})
`

test('weir ui serves the page, a job module and an input by their hashes, and no other file', async () => {
  const job = folder.write('job.ts', MODULE)
  folder.write('double.ts', 'export const double = (line: string): string => line + line\n')
  const log = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 100\n'
  const input = folder.write('access.log', log)
  const ui = start('ui', job, '--input', input)
  const url = await urlOf(ui)

  const page = await fetch(url)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  const html = await page.text()
  const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(html) ?? []
  const asset = await fetch(new URL(script, url))
  expect([asset.status, asset.headers.get('content-type')]).toEqual([
    200,
    'text/javascript; charset=utf-8',
  ])
  const [, style = ''] = /href="\.\/(assets\/[^"]+\.css)"/.exec(html) ?? []
  expect((await fetch(new URL(style, url))).headers.get('content-type')).toBe(
    'text/css; charset=utf-8',
  )

  const hash = createHash('sha256').update(log).digest('hex')
  const served = await fetch(new URL(`inputs/${hash}`, url))
  expect(served.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(await served.text()).toBe(log)

  const jobHash = createHash('sha256').update(MODULE).digest('hex')
  const jobScript = await fetch(new URL(`jobs/${jobHash}.js`, url))
  expect(jobScript.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(await jobScript.text()).toContain("from '../weirstream.js'")

  for (const path of [
    'package.json',
    'inputs/',
    `inputs/${'0'.repeat(64)}`,
    'jobs/job.ts',
    'assets',
  ]) {
    expect((await fetch(new URL(path, url))).status).toBe(404)
  }
  expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  expect(await (await fetch(url, { method: 'HEAD' })).text()).toBe('')
  expect(await end(ui, 'SIGINT')).toMatchObject({ code: 0 })
})

test('weir ui JOB gives a link to a run of this job', async () => {
  const ui = start('ui', 'order-saga', '--json')
  await ui.sees(/\}/)
  const document = jsonOf(await end(ui, 'SIGTERM'))
  const link = await decodeRunLink(new URL(String(document['url'])).hash)
  expect(parsePlan(link?.planJson ?? '')).toMatchObject({
    job: { builtin: 'order-saga' },
    input: { generator: 'order-events' },
  })
})

test('a path cannot leave the page', async () => {
  const ui = start('ui', '--json')
  await ui.sees(/\}/)
  const url = new URL(await urlOf(ui))
  for (const path of [
    '/../../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '//etc/passwd',
  ]) {
    expect(await statusOfRawPath(url, path)).toBe(404)
  }
  const finished = await end(ui, 'SIGTERM')
  expect(jsonOf(finished)).toEqual({ url: url.href })
  expect(finished.code).toBe(0)
})

test('the job that the page gets is the job: the same plan gives the same trace', async () => {
  const job = folder.write('twin.ts', MODULE)
  folder.write('double.ts', 'export const double = (line: string): string => line + line\n')
  const document = jsonOf(
    await start('simulate', job, '--seed', '4', '--crash', 'worker-1@2500', '--json').finished,
  )
  const ui = start('ui', job)
  const url = await urlOf(ui)
  const get = async (path: string): Promise<string> =>
    await (await fetch(new URL(path, url))).text()
  const plan = parsePlan(JSON.stringify(document['plan']))
  const sha256 = 'sha256' in plan.job ? plan.job.sha256 : ''
  const script = await get(`jobs/${sha256}.js`)
  const [, helper = ''] = /from '\.\/(\w+)\.js'/.exec(script) ?? []
  const engine = pathToFileURL(folder.write('weirstream.mjs', await get('weirstream.js'))).href
  const twin = pathToFileURL(folder.write('helper.mjs', await get(`jobs/${helper}.js`))).href
  const path = folder.write(
    'served.mjs',
    script.replace('../weirstream.js', engine).replace(`./${helper}.js`, twin),
  )
  const loaded: { readonly default: unknown } = await import(pathToFileURL(path).href)
  if (!isJob(loaded.default)) throw new Error('What is served is no job.')
  expect(simulate(loaded.default, plan).traceHash).toBe(document['traceHash'])
  await end(ui, 'SIGINT')
})

test('weir demo serves the page with the very run that it summed up', async () => {
  const lines = '1.1.1.1,5\n2.2.2.2,6\nneither\n'
  const path = accessLog.isThere ? accessLog.path : folder.write('lines.csv', lines)
  const demo = start('demo', '--input', path)
  const link = new URL(await demo.sees(/http:\/\/\S+&h=\w+/))
  const run = await decodeRunLink(link.hash)
  const plan = parsePlan(run?.planJson ?? '')
  const sha256 = 'sha256' in plan.input ? plan.input.sha256 : ''
  const content = Buffer.from(await (await fetch(new URL(`/inputs/${sha256}`, link))).arrayBuffer())
  expect(createHash('sha256').update(content).digest('hex')).toBe(sha256)
  if (!accessLog.isThere) expect(content).toEqual(readFileSync(path))
  expect((await demo.sees(/trace hash +\w+/)).endsWith(String(run?.traceHash))).toBe(true)
  expect((await fetch(link)).status).toBe(200)
  expect(await end(demo, 'SIGINT')).toMatchObject({ code: 0 })
})

test('a port that is taken is one sentence', async () => {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  const finished = await Promise.all(
    ['ui', 'demo'].map((name) => start(name, '--port', String(port)).finished),
  )
  server.close()
  for (const { code, out, err } of finished) {
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/Port \d+ is in use; give another one with --port/)
  }
})

/** `fetch` would tidy the path before it is sent. */
async function statusOfRawPath({ hostname, port }: URL, path: string): Promise<number | undefined> {
  const { request } = await import('node:http')
  return await new Promise((resolve, reject) => {
    request({ host: hostname, port, path }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
