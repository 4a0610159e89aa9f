/**
 * The page in a real browser: the module worker simulates, the views draw, every control works by pointer and key,
 * and axe finds nothing in either theme and language.
 */
import { page, userEvent } from 'vitest/browser'
import axe from 'axe-core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Fault, Plan } from '../../sim/index.ts'
import { mountApp } from '../../visualizer/app.ts'
import type { AppOptions, MountedApp } from '../../visualizer/app.ts'
import { defaultPlan } from '../../visualizer/default-plan.ts'
import { HashLocation, MemoryLocation } from '../../visualizer/plan-location.ts'
import { decodeRunLink, encodeRunLink } from '../../visualizer/plan-url.ts'
import type { AppState } from '../../visualizer/views/frame.ts'
import { paintScene } from '../../visualizer/views/records-canvas.ts'
import type { Brush } from '../../visualizer/views/records-canvas.ts'
import '../../visualizer/theme/theme.css'

/** A run and whatever follows from it, on a machine that is busy with other tests. */
const PATIENCE_MS = 15_000

let root: HTMLElement
let app: MountedApp | null = null
const problems: unknown[] = []

beforeEach(async () => {
  await page.viewport(1440, 900)
  problems.length = 0
  vi.spyOn(console, 'error').mockImplementation((...parts) => void problems.push(parts))
  window.addEventListener('error', noteError)
  root = document.createElement('div')
  document.body.append(root)
})

afterEach(() => {
  app?.dispose()
  app = null
  root.remove()
  window.removeEventListener('error', noteError)
  expect(problems).toEqual([])
})

function noteError({ message }: ErrorEvent): void {
  // The browser's own remark about an observer that caused another layout, not an error of the page.
  if (!message.startsWith('ResizeObserver')) problems.push(message)
}

/** A run that is over after about a second of simulated time. */
function smallPlan(faults: readonly Fault[] = []): Plan {
  return {
    ...defaultPlan(),
    config: { inputDurationMs: 800, checkpointIntervalMs: 300 },
    input: { generator: 'traffic', params: { records: 400 } },
    faults,
  }
}

async function hashOf(plan: Plan, traceHash: string | null = null): Promise<string> {
  return encodeRunLink({ planJson: JSON.stringify(plan), traceHash })
}

async function mountPlan(plan: Plan, options: AppOptions = {}): Promise<MountedApp> {
  const location = new MemoryLocation(await hashOf(plan))
  app = mountApp(root, { location, locale: 'en', themeChoice: 'light', ...options })
  await finished()
  return app
}

function shown(): AppState {
  if (app === null) throw new Error('Nothing is mounted.')
  return app.state()
}

/** Waits until the assertion holds. */
async function until(assertion: () => void): Promise<void> {
  await vi.waitFor(assertion, { timeout: PATIENCE_MS, interval: 20 })
}

/** The run is computed and the verdict drawn. */
async function finished(): Promise<void> {
  await until(() => expect(shown().result).not.toBeNull())
  await until(() => expect(find('.badge').textContent).toMatch(/^[✓✕]/))
}

function find(selector: string): HTMLElement {
  const found = root.querySelector<HTMLElement>(selector)
  if (found === null) throw new Error(`There is no ${selector} on the page.`)
  return found
}

async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await userEvent.keyboard(`{${key}}`)
}

async function faultsIn(hash: string): Promise<readonly Fault[]> {
  const link = await decodeRunLink(hash)
  if (link === null) throw new Error(`There is no plan in "${hash}".`)
  const plan: Plan = JSON.parse(link.planJson)
  return plan.faults
}

test('without a link the default run opens, with its verdict, paused at the start', async () => {
  app = mountApp(root, { location: new MemoryLocation(), locale: 'en' })
  await finished()
  expect(find('.badge').textContent).toBe('✓ exactly once')
  expect(find('.job-name').textContent).toBe('Traffic Statistics')
  expect(find('.time').textContent).toBe('0.000 s')
  expect(shown().isPlaying).toBe(false)
  expect(root.querySelectorAll('.subtask')).toHaveLength(4)
  expect(root.querySelectorAll('.checkpoint').length).toBeGreaterThan(3)
  // A first run whose crash hits nothing would show nothing.
  expect(shown().result?.summary.restarts).toBeGreaterThan(0)
  expect(root.querySelectorAll('.phase').length).toBeGreaterThan(3)
})

test('space plays and pauses; playing moves the clock', async () => {
  await mountPlan(smallPlan())
  await press(' ')
  await until(() => expect(shown().playhead.at).toBeGreaterThan(1))
  await press(' ')
  expect(shown().isPlaying).toBe(false)
  const { playhead } = shown()
  await new Promise((resolve) => setTimeout(resolve, 120))
  expect(shown().playhead).toBe(playhead)
})

test('arrow keys step over events, Home and End jump, a click on the timeline scrubs', async () => {
  await mountPlan(smallPlan())
  await press('ArrowRight', 'ArrowRight', 'ArrowRight')
  const third = shown().playhead
  await press('ArrowRight', 'ArrowLeft')
  expect(shown().playhead).toEqual(third)
  await press('End')
  expect(shown().playhead.applied).toBe(shown().recording?.count)
  await press('Home')
  expect(shown().playhead.applied).toBe(0)
  const plot = page.elementLocator(find('.timeline svg'))
  const width = find('.timeline svg').clientWidth
  await plot.click({ position: { x: width / 2, y: 10 } })
  const end = shown().recording?.endAt ?? 0
  expect(shown().playhead.at / end).toBeCloseTo(0.5, 1)
  await until(() => expect(find('.event[aria-selected="true"]')).toBeTruthy())
})

test('B, S, T and F go to the next barrier, snapshot, transaction and fault', async () => {
  await mountPlan(smallPlan())
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
  const location = new MemoryLocation(await hashOf(smallPlan()))
  await mountPlan(smallPlan(), { location })
  await until(() => expect(location.read()).toContain('&h='))
  const before = location.read()
  await press('b', 'b')
  const { playhead } = shown()
  find('[data-worker="worker-2"][data-fault="crash"]').click()
  await finished()
  await until(() => expect(location.read()).toContain('&h='))
  expect(location.read()).not.toBe(before)
  const t = Math.round(playhead.at * 1000) / 1000
  expect(await faultsIn(location.read())).toEqual([{ kind: 'crash', on: 'worker-2', at: { t } }])
  expect(shown().playhead.at).toBe(playhead.at)
  expect(find('.badge').textContent).toBe('✓ exactly once')
  expect(shown().recording?.events.some(({ type }) => type === 'worker-crashed')).toBe(true)
})

test('a worker is crashed by keyboard too, and Delete on the mark takes the fault back', async () => {
  await mountPlan(smallPlan())
  await press('b')
  await userEvent.keyboard('{Shift>}1{/Shift}')
  await finished()
  expect(shown().plan?.faults).toHaveLength(1)
  const mark = root.querySelector<SVGGElement>('.fault-mark')
  mark?.focus()
  await press('Delete')
  await finished()
  expect(shown().plan?.faults).toEqual([])
})

test('a link with the right hash is the same run, with a wrong one a different run', async () => {
  const plan = smallPlan()
  await mountPlan(plan)
  const hash = shown().result?.traceHash ?? ''
  app?.dispose()
  for (const [promised, words] of [
    [hash, 'same run ✓'],
    ['0000000000000000', 'different run ✕'],
  ] as const) {
    await mountPlan(plan, { location: new MemoryLocation(await hashOf(plan, promised)) })
    await until(() => expect(find('.same').textContent).toBe(words))
    app?.dispose()
  }
})

test('the address bar keeps the plan, and going back brings the former run back', async () => {
  const start = window.location.href
  window.history.replaceState(null, '', await hashOf(smallPlan()))
  app = mountApp(root, { location: new HashLocation(window), locale: 'en' })
  await finished()
  await until(() => expect(window.location.hash).toContain('&h='))
  const first = window.location.hash
  await press('b')
  find('[data-worker="worker-1"][data-fault="crash"]').click()
  await until(() => expect(window.location.hash).not.toBe(first))
  await finished()
  await until(() => expect(window.location.hash).toContain('&h='))
  window.history.back()
  await until(() => expect(shown().plan?.faults).toEqual([]))
  await finished()
  await until(() => expect(find('.same').textContent).toBe('same run ✓'))
  app.dispose()
  app = null
  window.history.replaceState(null, '', start)
})

test('a plan whose file is not here says which file it needs', async () => {
  const plan: Plan = { ...smallPlan(), input: { file: 'access.log', sha256: 'ab'.repeat(32) } }
  const location = new MemoryLocation(await hashOf(plan))
  app = mountApp(root, { location, locale: 'en' })
  await until(() => expect(find('.message').textContent).toMatch(/access\.log/))
  expect(find('.message').textContent).toContain('ab'.repeat(32))
  find('.message button').click()
  await finished()
  expect(shown().plan).toEqual(defaultPlan())
})

test.each([
  ['#p=AAAA', /link is damaged/],
  [`#p=${btoa('x')}`, /link is damaged/],
])('the damaged link %s is told in one sentence', async (hash, words) => {
  app = mountApp(root, { location: new MemoryLocation(hash), locale: 'en' })
  await until(() => expect(find('.message').textContent).toMatch(words))
})

test('a plan with an unknown field is told in the words of the simulator', async () => {
  const planJson = JSON.stringify({ ...smallPlan(), color: 'red' })
  const hash = await encodeRunLink({ planJson, traceHash: null })
  app = mountApp(root, { location: new MemoryLocation(hash), locale: 'en' })
  await until(() => expect(find('.message').textContent).toMatch(/unknown field "color"/))
})

test('the language changes in place and keeps the focus', async () => {
  await mountPlan(smallPlan())
  await press('b')
  const { playhead } = shown()
  find('.language').click()
  await until(() => expect(find('.badge').textContent).toBe('✓ 恰好一次'))
  expect(document.documentElement.lang).toBe('zh-CN')
  expect(document.activeElement).toBe(find('.language'))
  expect(shown().playhead).toBe(playhead)
})

test('the sheet of keys opens with ? and closes with Escape', async () => {
  await mountPlan(smallPlan())
  await press('?')
  expect(root.querySelector('dialog')?.open).toBe(true)
  await press('Escape')
  expect(root.querySelector('dialog')?.open).toBe(false)
})

test('a subtask is selected by keyboard, its details are shown, and arrows still step', async () => {
  await mountPlan(smallPlan())
  await press('End')
  const subtask = root.querySelector<SVGElement>('.subtask .hit')
  subtask?.focus()
  await press('Enter')
  await until(() => expect(find('.details h2').textContent).toBe('source/0'))
  expect(subtask?.getAttribute('aria-label')).toMatch(/^source\/0, /)
  const { applied } = shown().playhead
  await press('ArrowLeft')
  expect(shown().playhead.applied).toBeLessThan(applied)
  await press('Escape')
  await until(() => expect(find('.details').hidden).toBe(true))
})

test.each([
  [390, 844],
  [800, 1100],
  [1440, 900],
])('at %i × %i nothing sticks out, in both languages', async (width, height) => {
  await page.viewport(width, height)
  await mountPlan(smallPlan([{ kind: 'crash', on: 'worker-1', at: { t: 400 } }]))
  await press('b', 'b')
  for (const locale of ['en', 'zh'] as const) {
    if (shown().locale !== locale) find('.language').click()
    await until(() => expect(shown().locale).toBe(locale))
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width)
    expect(document.documentElement.scrollHeight).toBeLessThanOrEqual(height)
    for (const button of root.querySelectorAll('button')) {
      const { width: wide, height: high } = button.getBoundingClientRect()
      if (wide > 0) expect(Math.min(wide, high), button.outerHTML).toBeGreaterThanOrEqual(24)
    }
  }
})

test('the event log is at the playhead when its tab opens', async () => {
  await page.viewport(390, 844)
  await mountPlan(smallPlan())
  await press('End')
  find('.tabs [data-tab="events"]').click()
  await until(() => expect(find('.event[aria-selected="true"]').textContent).toMatch(/ended/))
})

test('the wheel zooms the timeline at the pointer, a button shows the whole run again', async () => {
  await mountPlan(smallPlan())
  const plot = root.querySelector('.timeline svg')
  const ticks = (): string => find('.timeline .axis').textContent ?? ''
  const whole = ticks()
  const { left, top } = plot?.getBoundingClientRect() ?? { left: 0, top: 0 }
  const wheel = { bubbles: true, cancelable: true, clientX: left + 300, clientY: top + 50 }
  plot?.dispatchEvent(new WheelEvent('wheel', { ...wheel, deltaY: -500 }))
  await until(() => expect(ticks()).not.toBe(whole))
  expect(shown().playhead.at).toBe(0)
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
  await mountPlan(smallPlan([{ kind: 'crash', on: 'worker-2', at: { t: 400 } }]), {
    themeChoice,
    locale,
  })
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
  const { violations } = await axe.run(root, {
    // The page is mounted into a test document, which has its own title and structure.
    rules: { region: { enabled: false } },
  })
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
  )
  expect(found).toEqual([])
}
