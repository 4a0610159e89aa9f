/**
 * The page in a real browser: the module worker simulates, the views draw, every control works by pointer and key,
 * and axe finds nothing in either theme and language.
 */
import { page, userEvent } from 'vitest/browser'
import axe from 'axe-core'
import { expect, test } from 'vitest'
import type { Fault, Plan } from '../../sim/index.ts'
import { defaultPlan } from '../../visualizer/default-plan.ts'
import { HashLocation, MemoryLocation } from '../../visualizer/plan-location.ts'
import { decodeRunLink, encodeRunLink } from '../../visualizer/plan-url.ts'
import { paintScene } from '../../visualizer/views/records-canvas.ts'
import type { Brush } from '../../visualizer/views/records-canvas.ts'
import { builtinPlan, linkOf, press, smallPlan, until, usePage } from './page-harness.ts'

const harness = usePage()
const find = (selector: string): HTMLElement => harness.find(selector)

async function faultsIn(hash: string): Promise<readonly Fault[]> {
  const link = await decodeRunLink(hash)
  if (link === null) throw new Error(`There is no plan in "${hash}".`)
  const plan: Plan = JSON.parse(link.planJson)
  return plan.faults
}

test('without a link the default run opens, with its verdict, paused at the start', async () => {
  harness.mount()
  await harness.finished()
  expect(find('.badge').textContent).toBe('✓ exactly once')
  expect(
    harness.root.querySelector<HTMLSelectElement>('select.job-name')?.selectedOptions[0]?.text,
  ).toBe('Traffic Statistics')
  expect(find('.time').textContent).toBe('0.000 s')
  expect(harness.shown().isPlaying).toBe(false)
  expect(harness.root.querySelectorAll('.subtask')).toHaveLength(4)
  expect(harness.root.querySelectorAll('.checkpoint').length).toBeGreaterThan(3)
  // A first run whose crash hits nothing would show nothing.
  expect(harness.shown().result?.summary.restarts).toBeGreaterThan(0)
  expect(harness.root.querySelectorAll('.phase').length).toBeGreaterThan(3)
})

test('space plays and pauses; playing moves the clock', async () => {
  await harness.mountPlan(smallPlan())
  await press(' ')
  await until(() => expect(harness.shown().playhead.at).toBeGreaterThan(1))
  await press(' ')
  expect(harness.shown().isPlaying).toBe(false)
  const { playhead } = harness.shown()
  await new Promise((resolve) => setTimeout(resolve, 120))
  expect(harness.shown().playhead).toBe(playhead)
})

test('arrow keys step over events, Home and End jump, a click on the timeline scrubs', async () => {
  await harness.mountPlan(smallPlan())
  await press('ArrowRight', 'ArrowRight', 'ArrowRight')
  const third = harness.shown().playhead
  await press('ArrowRight', 'ArrowLeft')
  expect(harness.shown().playhead).toEqual(third)
  await press('End')
  expect(harness.shown().playhead.applied).toBe(harness.shown().recording?.count)
  await press('Home')
  expect(harness.shown().playhead.applied).toBe(0)
  const plot = page.elementLocator(find('.timeline svg'))
  const width = find('.timeline svg').clientWidth
  await plot.click({ position: { x: width / 2, y: 10 } })
  const end = harness.shown().recording?.endAt ?? 0
  expect(harness.shown().playhead.at / end).toBeCloseTo(0.5, 1)
  await until(() => expect(find('.event[aria-selected="true"]')).toBeTruthy())
})

test('B, S, T and F go to the next barrier, snapshot, transaction and fault', async () => {
  await harness.mountPlan(smallPlan())
  for (const [key, words] of [
    ['b', /barrier 1/],
    ['s', /snapshot of checkpoint 1/],
    ['t', /transaction/],
  ] as const) {
    await press(key)
    await until(() => expect(find('.event[aria-selected="true"]').textContent).toMatch(words))
  }
})

test('a click crashes a worker at the playhead: new plan, new link, same playhead, a verdict again', async () => {
  const location = new MemoryLocation(await linkOf(smallPlan()))
  await harness.mountPlan(smallPlan(), { location })
  await until(() => expect(location.read()).toContain('&h='))
  const before = location.read()
  await press('b', 'b')
  const { playhead } = harness.shown()
  find('[data-worker="worker-2"][data-fault="crash"]').click()
  await harness.finished()
  // The former link has a hash, too: the new one is there when the new run is over.
  await until(() => {
    expect(location.read()).toContain('&h=')
    expect(location.read()).not.toBe(before)
  })
  const t = Math.round(playhead.at * 1000) / 1000
  expect(await faultsIn(location.read())).toEqual([{ kind: 'crash', on: 'worker-2', at: { t } }])
  expect(harness.shown().playhead.at).toBe(playhead.at)
  expect(find('.badge').textContent).toBe('✓ exactly once')
  expect(harness.shown().recording?.events.some(({ type }) => type === 'worker-crashed')).toBe(true)
})

test('a worker is crashed by keyboard too, and Delete on the mark takes the fault back', async () => {
  await harness.mountPlan(smallPlan())
  await press('b')
  await userEvent.keyboard('{Shift>}1{/Shift}')
  await harness.finished()
  expect(harness.shown().plan?.faults).toHaveLength(1)
  const mark = harness.root.querySelector<SVGGElement>('.fault-mark')
  mark?.focus()
  await press('Delete')
  await harness.finished()
  expect(harness.shown().plan?.faults).toEqual([])
})

test('a link with the right hash is the same run, with a wrong one a different run', async () => {
  const plan = smallPlan()
  await harness.mountPlan(plan)
  const hash = harness.shown().result?.traceHash ?? ''
  harness.unmount()
  for (const [promised, words] of [
    [hash, 'same run ✓'],
    ['0000000000000000', 'different run ✕'],
  ] as const) {
    await harness.mountPlan(plan, { location: new MemoryLocation(await linkOf(plan, promised)) })
    await until(() => expect(find('.same').textContent).toBe(words))
    harness.unmount()
  }
})

test('the address bar keeps the plan, and going back brings the former run back', async () => {
  const start = window.location.href
  window.history.replaceState(null, '', await linkOf(smallPlan()))
  harness.mount({ location: new HashLocation(window) })
  await harness.finished()
  await until(() => expect(window.location.hash).toContain('&h='))
  const first = window.location.hash
  await press('b')
  find('[data-worker="worker-1"][data-fault="crash"]').click()
  await until(() => expect(window.location.hash).not.toBe(first))
  await harness.finished()
  await until(() => expect(window.location.hash).toContain('&h='))
  window.history.back()
  await until(() => expect(harness.shown().plan?.faults).toEqual([]))
  await harness.finished()
  await until(() => expect(find('.same').textContent).toBe('same run ✓'))
  harness.unmount()
  window.history.replaceState(null, '', start)
})

test('a plan whose file is not here says which file it needs', async () => {
  const plan: Plan = { ...smallPlan(), input: { file: 'access.log', sha256: 'ab'.repeat(32) } }
  const location = new MemoryLocation(await linkOf(plan))
  harness.mount({ location })
  await until(() => expect(find('.message').textContent).toMatch(/access\.log/))
  expect(find('.message').textContent).toContain('ab'.repeat(32))
  find('.message button').click()
  await harness.finished()
  expect(harness.shown().plan).toEqual(defaultPlan())
})

test.each([
  ['#p=AAAA', /link is damaged/],
  [`#p=${btoa('x')}`, /link is damaged/],
])('the damaged link %s is told in one sentence', async (hash, words) => {
  harness.mount({ location: new MemoryLocation(hash) })
  await until(() => expect(find('.message').textContent).toMatch(words))
})

test('a plan with an unknown field is told in the words of the simulator', async () => {
  const planJson = JSON.stringify({ ...smallPlan(), color: 'red' })
  const hash = await encodeRunLink({ planJson, traceHash: null })
  harness.mount({ location: new MemoryLocation(hash) })
  await until(() => expect(find('.message').textContent).toMatch(/unknown field "color"/))
})

test('the language changes in place and keeps the focus', async () => {
  await harness.mountPlan(smallPlan())
  await press('b')
  const { playhead } = harness.shown()
  find('.language').click()
  await until(() => expect(find('.badge').textContent).toBe('✓ 恰好一次'))
  expect(document.documentElement.lang).toBe('zh-CN')
  expect(document.activeElement).toBe(find('.language'))
  expect(harness.shown().playhead).toBe(playhead)
})

test('the sheet of keys opens with ? and closes with Escape', async () => {
  await harness.mountPlan(smallPlan())
  await press('?')
  expect(harness.root.querySelector('dialog')?.open).toBe(true)
  await press('Escape')
  expect(harness.root.querySelector('dialog')?.open).toBe(false)
})

test('a subtask is selected by keyboard, its details are shown, and arrows still step', async () => {
  await harness.mountPlan(smallPlan())
  await press('End')
  const subtask = harness.root.querySelector<SVGElement>('.subtask .hit')
  subtask?.focus()
  await press('Enter')
  await until(() => expect(find('.details h2').textContent).toBe('source/0'))
  expect(subtask?.getAttribute('aria-label')).toMatch(/^source\/0, /)
  const { applied } = harness.shown().playhead
  await press('ArrowLeft')
  expect(harness.shown().playhead.applied).toBeLessThan(applied)
  await press('Escape')
  await until(() => expect(find('.details').hidden).toBe(true))
})

test.each([
  [390, 844],
  [800, 1100],
  [1440, 900],
])('at %i × %i nothing sticks out, in both languages', async (width, height) => {
  await page.viewport(width, height)
  const crash: Fault = { kind: 'crash', on: 'worker-1', at: { t: 400 } }
  await harness.mountPlan(builtinPlan('real-time-bidding', 'bid-stream', [crash]))
  await press('b', 'b')
  for (const locale of ['en', 'zh'] as const) {
    if (harness.shown().locale !== locale) find('.language').click()
    await until(() => expect(harness.shown().locale).toBe(locale))
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width)
    expect(document.documentElement.scrollHeight).toBeLessThanOrEqual(height)
    expect(find('.stage').scrollWidth).toBeLessThanOrEqual(find('.stage').clientWidth)
    for (const button of harness.root.querySelectorAll('button')) {
      const { width: wide, height: high } = button.getBoundingClientRect()
      if (wide > 0) expect(Math.min(wide, high), button.outerHTML).toBeGreaterThanOrEqual(24)
    }
  }
})

test('after a change of size every line still leads from box to box', async () => {
  await harness.mountPlan(builtinPlan('real-time-bidding', 'bid-stream'))
  const start = (): number => Number(/^[\d.]+/.exec(pointsOf('.channel .line'))?.[0])
  const edge = (): number => {
    const transform = find('.subtask').getAttribute('transform') ?? ''
    const left = Number(/translate\(([\d.]+)/.exec(transform)?.[1])
    return left + Number(find('.subtask .box').getAttribute('width'))
  }
  const wide = edge()
  expect(start()).toBe(wide)
  await page.viewport(800, 1100)
  await until(() => expect(edge()).not.toBe(wide))
  expect(start()).toBe(edge())
  expect(pointsOf('.channel .hit')).toBe(pointsOf('.channel .line'))
})

function pointsOf(selector: string): string {
  return find(selector).getAttribute('points') ?? ''
}

test('the event log is at the playhead when its tab opens', async () => {
  await page.viewport(390, 844)
  await harness.mountPlan(smallPlan())
  await press('End')
  find('.tabs [data-tab="events"]').click()
  await until(() => expect(find('.event[aria-selected="true"]').textContent).toMatch(/ended/))
})

test('the wheel zooms the timeline at the pointer, a button shows the whole run again', async () => {
  await harness.mountPlan(smallPlan())
  const plot = harness.root.querySelector('.timeline svg')
  const ticks = (): string => find('.timeline .axis').textContent ?? ''
  const whole = ticks()
  const { left, top } = plot?.getBoundingClientRect() ?? { left: 0, top: 0 }
  const wheel = { bubbles: true, cancelable: true, clientX: left + 300, clientY: top + 50 }
  plot?.dispatchEvent(new WheelEvent('wheel', { ...wheel, deltaY: -500 }))
  await until(() => expect(ticks()).not.toBe(whole))
  expect(harness.shown().playhead.at).toBe(0)
  find('.timeline-fit').click()
  await until(() => expect(ticks()).toBe(whole))
})

test('any number of dots is painted with one path per colour and kind', () => {
  const calls: string[] = []
  const brush = new Proxy(document.createElement('canvas').getContext('2d') ?? ({} as Brush), {
    get: (_, name) => () => void calls.push(String(name)),
    set: () => true,
  })
  const dots = Array.from({ length: 1000 }, (_, index) => ({
    x: index,
    y: 0,
    epoch: index % 5,
    isReplayed: index % 3 === 0,
  }))
  paintScene(
    brush,
    { dots, counts: [{ x: 0, y: 0, text: '7' }], barriers: [], streams: [] },
    'light',
  )
  expect(calls.filter((name) => name === 'arc')).toHaveLength(1000)
  expect(calls.filter((name) => name === 'fill')).toHaveLength(4)
  expect(calls.filter((name) => name === 'fillText')).toHaveLength(1)
})

const THEMES = ['light', 'dark'] as const
const LOCALES = ['en', 'zh'] as const
const VIEWS = THEMES.flatMap((theme) => LOCALES.map((locale) => [theme, locale] as const))

test.each(VIEWS)('axe finds nothing: %s, %s', async (themeChoice, locale) => {
  const crash: Fault = { kind: 'crash', on: 'worker-2', at: { t: 400 } }
  const plan = builtinPlan('network-security', 'flow-records', [crash])
  await harness.mountPlan(plan, { themeChoice, locale })
  await press('b', 'b')
  find('.chip.worker .chip-name').click()
  await until(() => expect(find('.details').hidden).toBe(false))
  await expectAccessible()
  await page.viewport(390, 844)
  for (const tab of ['graph', 'logs', 'events', 'result']) {
    find(`.tabs [data-tab="${tab}"]`).click()
    await new Promise((resolve) => setTimeout(resolve, 60))
    await expectAccessible()
  }
  await press('?')
  await expectAccessible()
})

async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(harness.root, {
    // The page is mounted into a test document, which has its own title and structure.
    rules: { region: { enabled: false } },
  })
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
  )
  expect(found).toEqual([])
}
