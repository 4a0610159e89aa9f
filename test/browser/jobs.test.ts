/** Every built-in job on the page: the run of Node, its graph, its verdict, its details; and the choice of a job. */
import { page, userEvent } from 'vitest/browser'
import { expect, test } from 'vitest'
import { BUILTIN_JOBS } from '../../lessons/jobs/index.ts'
import { checkPlan } from '../../sim/index.ts'
import { MemoryLocation } from '../../visualizer/plan-location.ts'
import { decodeRunLink } from '../../visualizer/plan-url.ts'
import { goldenRuns } from '../golden/hashes.ts'
import { builtinPlan, linkOf, press, smallPlan, until, usePage } from './page-harness.ts'

const harness = usePage()
const find = (selector: string): HTMLElement => harness.find(selector)

/** The first recorded run of every built-in job. */
const FIRST_GOLDEN = Object.keys(BUILTIN_JOBS).map((job) => {
  const run = goldenRuns().find(({ plan }) => isOf(plan, job))
  if (run === undefined) throw new Error(`There is no recorded run of ${job}.`)
  return [job, run] as const
})

function isOf(plan: unknown, job: string): boolean {
  const { job: of } = checkPlan(plan)
  return 'builtin' in of && of.builtin === job
}

test.each(FIRST_GOLDEN)(
  'a run of %s recorded in Node opens as the same run, with a verdict',
  async (_, { plan, traceHash }) => {
    const checked = checkPlan(plan)
    const location = new MemoryLocation(await linkOf(checked, traceHash))
    await harness.mountPlan(checked, { location })
    expect(find('.same').textContent).toBe('same run ✓')
    expect(harness.shown().result?.verdict).toEqual({ outcome: 'passed', violations: [] })
    await press('End')
    await until(() =>
      expect(find('.time').textContent).toBe(find('.time-end').textContent?.slice(3)),
    )
    const topics = new Set(harness.shown().recording?.topology.outputs.map(({ topic }) => topic))
    const titles = [...harness.root.querySelectorAll('.titles .topic title')].map(
      (t) => t.textContent,
    )
    for (const topic of topics) expect(titles).toContain(topic)
  },
)

test('another job is chosen on the page: its default run, a new link, from the start', async () => {
  const location = new MemoryLocation(await linkOf(smallPlan()))
  await harness.mountPlan(smallPlan(), { location })
  await press('End')
  const choice = page.elementLocator(find('select.job-name'))
  await userEvent.selectOptions(choice, 'order-saga')
  await until(() => expect(harness.shown().recording?.topology.job).toBe('Order Saga'))
  await harness.finished()
  expect(harness.shown().playhead.at).toBe(0)
  expect(harness.shown().plan?.input).toEqual({ generator: 'order-events', params: {} })
  await until(() => expect(location.read()).toContain('&h='))
  const link = await decodeRunLink(location.read())
  expect(JSON.parse(link?.planJson ?? '')).toMatchObject({ job: { builtin: 'order-saga' } })
  // Its operators of two inputs tell which is which.
  expect(harness.root.querySelectorAll('.inputs circle').length).toBeGreaterThan(0)
  expect([...harness.root.querySelectorAll('.legend li')].at(-1)?.checkVisibility()).toBe(true)
})

test('a verdict says which topics it does not judge', async () => {
  await harness.mountPlan(builtinPlan('iot-monitoring', 'sensor-readings'))
  const unjudged = harness.shown().result?.summary.unjudgedTopics ?? []
  expect(unjudged.length).toBeGreaterThan(0)
  expect(find('.badge').textContent).toBe(`✓ exactly once · ${unjudged.length} unjudged`)
  for (const { topic, reason } of unjudged) {
    expect(find('.verdict-body').textContent).toContain(topic)
    expect(find('.verdict-body').textContent).toContain(reason)
  }
  find('.language').click()
  await until(() => expect(find('.verdict-body').textContent).toContain('结果取决于时间先后'))
})

test('a subtask in event time shows its watermark, and its operators by kind', async () => {
  await harness.mountPlan(builtinPlan('order-saga', 'order-events'))
  await press('End')
  const subtask = harness.root.querySelector<SVGElement>('.subtask .hit[aria-label^="payment/0"]')
  subtask?.focus()
  await press('Enter')
  await until(() => expect(find('.details h2').textContent).toBe('payment/0'))
  const watermark = [...(harness.shown().recording?.head.subtasks.values() ?? [])].find(
    ({ id }) => id === 'payment/0',
  )?.watermark
  expect(watermark).toBeGreaterThan(0)
  expect(find('.details').textContent).toContain(
    `Watermark${((watermark ?? 0) / 1000).toLocaleString('en', { minimumFractionDigits: 3 })} s`,
  )
  expect(find('.details').textContent).toContain('payment (process of two streams)')
})
