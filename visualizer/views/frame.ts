/**
 * What a view is given to draw from, and what it may ask for. A view owns DOM nodes and no domain state: `draw`
 * is a function of the frame, called at most once per animation frame.
 */
import type { EventGroup } from '../events/catalog.ts'
import type { Locale } from '../i18n/index.ts'
import type { Recording } from '../model/recording.ts'
import type { RunState } from '../model/run-state.ts'
import type { Pace, Playhead } from '../player.ts'
import type { Fault, Plan } from '../../sim/index.ts'
import type { Theme } from '../theme/palette.ts'
import type { JobChoice, Problem, RunResult } from '../worker-protocol.ts'

export type SelectionKind = 'subtask' | 'channel' | 'partition' | 'worker' | 'checkpoint' | 'fault'

export interface Selection {
  readonly kind: SelectionKind
  readonly id: string
}

export type Tab = 'graph' | 'logs' | 'events' | 'result'

export interface AppState {
  readonly locale: Locale
  readonly themeChoice: 'auto' | Theme
  readonly plan: Plan | null
  /** What the page has to choose from. */
  readonly jobs: readonly JobChoice[]
  readonly recording: Recording | null
  /** Events in the recording: it grows in place. */
  readonly loaded: number
  readonly result: RunResult | null
  /** The hash that the opened link promised; null when it promised none. */
  readonly expectedHash: string | null
  readonly playhead: Playhead
  readonly isPlaying: boolean
  readonly pace: Pace
  /** Sim ms that passed in a real ms of the last frame played. */
  readonly rate: number
  /** Sim ms per real second. */
  readonly speed: number
  readonly selection: Selection | null
  readonly tab: Tab
  /** Why the plan cannot be run here. */
  readonly problem: Problem | null
}

export interface Frame {
  readonly app: AppState
  readonly recording: Recording
  readonly state: RunState
  readonly at: number
  /** Sim ms that pass in a real ms; 0 while nothing moves. */
  readonly rate: number
  readonly theme: Theme
  readonly isStill: boolean
}

export interface Actions {
  togglePlay(): void
  seek(at: number): void
  jumpTo(eventIndex: number): void
  step(direction: 1 | -1, group?: EventGroup): void
  nudge(direction: 1 | -1): void
  toStart(): void
  toEnd(): void
  setSpeed(speed: number): void
  crash(worker: string): void
  /** Adds the fault that `make` gives for the time of the playhead, and runs the new plan. */
  addFaultNow(make: (t: number) => Fault): void
  removeFault(index: number): void
  select(selection: Selection | null): void
  setTab(tab: Tab): void
  setLocale(locale: Locale): void
  cycleTheme(): void
  share(): Promise<boolean>
  openDefault(): void
  openJob(name: string): void
}

export interface View {
  readonly element: HTMLElement
  draw(frame: Frame): void
  /** Stops what listens outside of the element. */
  dispose?(): void
}
