/** What a reader can do, as changes of the store and of the run. Every input (pointer, key, screen reader) ends here. */
import { FAULT_KINDS } from './faults.ts'
import { START, afterEvent, nudge, seek, stepBack, stepForward } from './player.ts'
import type { Playhead } from './player.ts'
import type { Recording } from './model/recording.ts'
import type { RunSession } from './run-session.ts'
import type { Store } from './store.ts'
import type { Actions, AppState } from './views/frame.ts'

const NEXT_THEME = { auto: 'light', light: 'dark', dark: 'auto' } as const

export function createActions(store: Store<AppState>, session: RunSession): Actions {
  /** Moving by hand pauses. */
  const move = (to: (recording: Recording, head: Playhead) => Playhead): void => {
    const { recording, playhead } = store.get()
    if (recording !== null) store.set({ playhead: to(recording, playhead), isPlaying: false })
  }
  const actions: Actions = {
    togglePlay() {
      const { isPlaying, recording, playhead } = store.get()
      const isAtEnd = recording?.isComplete === true && playhead.applied === recording.count
      store.set({ isPlaying: !isPlaying, ...(isAtEnd ? { playhead: START } : {}) })
    },
    seek: (at) => move((recording) => seek(recording, at)),
    jumpTo: (index) => move((recording) => afterEvent(recording, index)),
    step: (direction, group) =>
      move((recording, head) =>
        direction === 1 ? stepForward(recording, head, group) : stepBack(recording, head, group),
      ),
    nudge: (direction) => move((recording, head) => nudge(recording, head, direction)),
    toStart: () => move(() => START),
    toEnd: () => move((recording) => seek(recording, recording.endAt)),
    setSpeed: (speed) => store.set({ speed }),
    crash(worker) {
      const { atWorker } = FAULT_KINDS.crash
      if (atWorker !== undefined) actions.addFaultNow((t) => atWorker(worker, t))
    },
    addFaultNow(make) {
      // Three decimals are the resolution of simulated time, and keep the link short.
      const t = Math.round(store.get().playhead.at * 1000) / 1000
      session.changeFaults((faults) => [...faults, make(t)])
    },
    removeFault(index) {
      store.set({ selection: null })
      session.changeFaults((faults) => faults.filter((_, position) => position !== index))
    },
    select: (selection) =>
      store.set({ selection, ...(selection === null ? {} : { isPlaying: false }) }),
    setTab: (tab) => store.set({ tab }),
    setLocale: (locale) => store.set({ locale }),
    cycleTheme: () => store.set({ themeChoice: NEXT_THEME[store.get().themeChoice] }),
    async share() {
      try {
        await navigator.clipboard.writeText(session.href())
        return true
      } catch {
        return false
      }
    },
    openDefault: () => session.openDefault(),
    openJob: (name) => session.openJob(name),
  }
  return actions
}
