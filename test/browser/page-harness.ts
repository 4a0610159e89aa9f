/** What tests of the page share: it is mounted into an empty document, and no test may leave an error behind. */
import { page, userEvent } from 'vitest/browser'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { Fault, Plan } from '../../sim/index.ts'
import { mountApp } from '../../visualizer/app.ts'
import type { AppOptions } from '../../visualizer/app.ts'
import type { MountedApp } from '../../visualizer/app.ts'
import { defaultPlan } from '../../visualizer/default-plan.ts'
import { MemoryLocation } from '../../visualizer/plan-location.ts'
import { encodeRunLink } from '../../visualizer/plan-url.ts'
import type { AppState } from '../../visualizer/views/frame.ts'
import '../../visualizer/theme/theme.css'

/** A run and whatever follows from it, on a machine that is busy with other tests. */
const PATIENCE_MS = 15_000

/** Call once in a file: registers what goes before and after each of its tests. */
export function usePage(): PageHarness {
  const harness = new PageHarness()
  beforeEach(() => harness.open())
  afterEach(() => harness.close())
  return harness
}

export class PageHarness {
  #root: HTMLElement = document.createElement('div')
  #app: MountedApp | null = null
  readonly #problems: unknown[] = []
  readonly #noteError = ({ message }: ErrorEvent): void => {
    // The browser's own remark about an observer that caused another layout, not an error of the page.
    if (!message.startsWith('ResizeObserver')) this.#problems.push(message)
  }

  get root(): HTMLElement {
    return this.#root
  }

  async open(): Promise<void> {
    await page.viewport(1440, 900)
    this.#problems.length = 0
    vi.spyOn(console, 'error').mockImplementation((...parts) => void this.#problems.push(parts))
    window.addEventListener('error', this.#noteError)
    this.#root = document.createElement('div')
    document.body.append(this.#root)
  }

  close(): void {
    this.unmount()
    this.#root.remove()
    window.removeEventListener('error', this.#noteError)
    expect(this.#problems).toEqual([])
  }

  /** In English unless told; without a link unless told. */
  mount(options: AppOptions = {}): void {
    const location = options.location ?? new MemoryLocation()
    this.#app = mountApp(this.#root, { locale: 'en', ...options, location })
  }

  unmount(): void {
    this.#app?.dispose()
    this.#app = null
  }

  /** Opens the link of a plan and waits for the verdict. */
  async mountPlan(plan: Plan, options: AppOptions = {}): Promise<void> {
    const location = new MemoryLocation(await linkOf(plan))
    this.mount({ location, themeChoice: 'light', ...options })
    await this.finished()
  }

  /** What the page shows now. */
  shown(): AppState {
    if (this.#app === null) throw new Error('Nothing is mounted.')
    return this.#app.state()
  }

  /** The run is computed and the verdict drawn. */
  async finished(): Promise<void> {
    await until(() => expect(this.shown().result).not.toBeNull())
    await until(() => expect(this.find('.badge').textContent).toMatch(/^[✓✕]/))
  }

  find(selector: string): HTMLElement {
    const found = this.#root.querySelector<HTMLElement>(selector)
    if (found === null) throw new Error(`There is no ${selector} on the page.`)
    return found
  }
}

/** Waits until the assertion holds. */
export async function until(assertion: () => void): Promise<void> {
  await vi.waitFor(assertion, { timeout: PATIENCE_MS, interval: 20 })
}

export async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await userEvent.keyboard(`{${key}}`)
}

/** The fragment of a plan's link. */
export async function linkOf(plan: Plan, traceHash: string | null = null): Promise<string> {
  return encodeRunLink({ planJson: JSON.stringify(plan), traceHash })
}

/** A run that is over after about a second of simulated time. */
export function smallPlan(faults: readonly Fault[] = []): Plan {
  return {
    ...defaultPlan(),
    config: { inputDurationMs: 800, checkpointIntervalMs: 300 },
    input: { generator: 'traffic', params: { records: 400 } },
    faults,
  }
}

/** A built-in job with its usual input, which lasts for a second and a half. */
export function builtinPlan(
  builtin: string,
  generator: string,
  faults: readonly Fault[] = [],
): Plan {
  return {
    ...defaultPlan(),
    job: { builtin },
    config: { inputDurationMs: 1500, checkpointIntervalMs: 300 },
    input: { generator, params: {} },
    faults,
  }
}
