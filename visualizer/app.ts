/**
 * The page: puts runner, recording, player and views together. One store holds what the page is about, one timer
 * drives every view, and a frame is drawn only when something changed. `mountApp` is the only entry; a test or an
 * embedding page passes its own runner and location.
 */
import { timer } from 'd3'
import { createActions } from './actions.ts'
import { h } from './dom.ts'
import { languageOf, preferredLocale } from './i18n/index.ts'
import type { Locale } from './i18n/index.ts'
import { handleKey } from './keyboard.ts'
import { Playback } from './playback.ts'
import type { PlanLocation } from './plan-location.ts'
import { HashLocation } from './plan-location.ts'
import { START } from './player.ts'
import { RunSession } from './run-session.ts'
import { WorkerRunner } from './runner.ts'
import type { Runner } from './runner.ts'
import { createStore } from './store.ts'
import type { Store } from './store.ts'
import { applyPalette } from './theme/palette.ts'
import type { Actions, AppState, Frame } from './views/frame.ts'
import { Page } from './views/page.ts'

export interface AppOptions {
  readonly runner?: Runner
  readonly location?: PlanLocation
  readonly locale?: Locale
  readonly themeChoice?: AppState['themeChoice']
}

export interface MountedApp {
  /** What the page shows now. */
  state(): AppState
  dispose(): void
}

/** Sim ms per real second at the start: an element's way along a channel can be followed with the eye. */
const SPEED_AT_START = 20
/** At most one announcement a second while stepping. */
const ANNOUNCE_INTERVAL_MS = 1000

export function mountApp(root: HTMLElement, options: AppOptions = {}): MountedApp {
  return new App(root, options)
}

class App implements MountedApp {
  readonly #root: HTMLElement
  readonly #store: Store<AppState>
  readonly #session: RunSession
  readonly #actions: Actions
  readonly #playback: Playback
  readonly #dark = window.matchMedia('(prefers-color-scheme: dark)')
  readonly #reduced = window.matchMedia('(prefers-reduced-motion: reduce)')
  readonly #live = h('div', { class: 'visually-hidden', 'aria-live': 'polite' })
  readonly #ends: (() => void)[] = []
  #page: Page
  #isDirty = true
  #announcedAt = -Infinity

  constructor(root: HTMLElement, options: AppOptions) {
    this.#root = root
    this.#store = createStore(initialState(options))
    this.#session = new RunSession({
      store: this.#store,
      runner: options.runner ?? new WorkerRunner(),
      location: options.location ?? new HashLocation(window),
    })
    this.#actions = createActions(this.#store, this.#session)
    this.#playback = new Playback(this.#store)
    applyPalette(root)
    root.classList.add('weir')
    this.#page = this.#buildPage()
    this.#applyTheme()
    this.#listen()
    this.#session.start()
  }

  state(): AppState {
    return this.#store.get()
  }

  dispose(): void {
    for (const end of this.#ends) end()
    this.#session.dispose()
    this.#root.replaceChildren()
  }

  #buildPage(): Page {
    const words = languageOf(this.#store.get().locale)
    document.documentElement.lang = words.tag
    document.title = words.word('app.title')
    const page = new Page(words, this.#actions)
    this.#root.replaceChildren(page.element, this.#live)
    return page
  }

  #applyTheme(): void {
    const { themeChoice } = this.#store.get()
    this.#root.style.colorScheme = themeChoice === 'auto' ? 'light dark' : themeChoice
  }

  #listen(): void {
    const redraw = (): void => void (this.#isDirty = true)
    const observer = new ResizeObserver(redraw)
    observer.observe(this.#root)
    let before = 0
    const clock = timer((now) => {
      this.#tick(now - before)
      before = now
    })
    const onKey = (event: KeyboardEvent): void => this.#handleKey(event)
    document.addEventListener('keydown', onKey)
    for (const query of [this.#dark, this.#reduced]) query.addEventListener('change', redraw)
    this.#ends.push(
      this.#store.subscribe((now, then) => this.#change(now, then)),
      () => observer.disconnect(),
      () => clock.stop(),
      () => document.removeEventListener('keydown', onKey),
      () => this.#dark.removeEventListener('change', redraw),
      () => this.#reduced.removeEventListener('change', redraw),
    )
  }

  #handleKey(event: KeyboardEvent): void {
    const isDone = handleKey(event, {
      actions: this.#actions,
      app: () => this.#store.get(),
      openHelp: () => this.#page.openHelp(),
    })
    if (isDone) event.preventDefault()
  }

  #change(now: AppState, before: AppState): void {
    this.#isDirty = true
    if (now.locale !== before.locale) {
      this.#page = this.#buildPage()
      this.#root.querySelector<HTMLElement>('.language')?.focus()
    }
    if (now.themeChoice !== before.themeChoice) this.#applyTheme()
    if (now.playhead !== before.playhead && !now.isPlaying) this.#announce(now)
  }

  #tick(elapsedMs: number): void {
    this.#playback.tick(elapsedMs, this.#reduced.matches)
    if (!this.#isDirty) return
    this.#isDirty = false
    this.#page.draw(this.#store.get(), this.#frame())
  }

  #frame(): Frame | null {
    const app = this.#store.get()
    const { recording, playhead, themeChoice } = app
    if (recording === null) return null
    const systemTheme = this.#dark.matches ? 'dark' : 'light'
    return {
      app,
      recording,
      state: recording.stateAfter(Math.min(playhead.applied, recording.count)),
      at: playhead.at,
      rate: app.isPlaying && !this.#reduced.matches ? app.rate : 0,
      theme: themeChoice === 'auto' ? systemTheme : themeChoice,
      isStill: this.#reduced.matches,
    }
  }

  #announce({ recording, playhead, locale }: AppState): void {
    const event = recording?.events[playhead.applied - 1]
    const now = performance.now()
    if (event === undefined || now - this.#announcedAt < ANNOUNCE_INTERVAL_MS) return
    this.#announcedAt = now
    const words = languageOf(locale)
    this.#live.textContent = `${words.moment(event.at)}: ${words.describe(event)}`
  }
}

function initialState({ locale, themeChoice }: AppOptions): AppState {
  return {
    locale: locale ?? preferredLocale(navigator.languages),
    themeChoice: themeChoice ?? 'auto',
    plan: null,
    jobs: [],
    recording: null,
    loaded: 0,
    result: null,
    expectedHash: null,
    playhead: START,
    isPlaying: false,
    pace: 'normal',
    rate: 0,
    speed: SPEED_AT_START,
    selection: null,
    tab: 'graph',
    problem: null,
  }
}
