/** Keys of the page. A focused control keeps the keys it needs itself (a slider its arrows, a field its letters). */
import type { EventGroup } from './events/catalog.ts'
import { SPEEDS } from './player.ts'
import type { Actions, AppState } from './views/frame.ts'

const NEXT_KEYS: Readonly<Record<string, EventGroup>> = {
  b: 'barrier',
  s: 'snapshot',
  t: 'transaction',
  f: 'fault',
}

interface Keyboard {
  readonly actions: Actions
  readonly app: () => AppState
  readonly openHelp: () => void
}

/** Handles a key; true when it did something, so that the browser should not. */
export function handleKey(event: KeyboardEvent, { actions, app, openHelp }: Keyboard): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || ownsKey(event)) return false
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1]
  if (event.shiftKey && digit !== undefined) return crashNth(Number(digit), app(), actions)
  const group = NEXT_KEYS[event.key.toLowerCase()]
  if (group !== undefined) {
    actions.step(event.shiftKey ? -1 : 1, group)
    return true
  }
  const command = commandOf(event.key, app(), actions, openHelp)
  command?.()
  return command !== undefined
}

function commandOf(
  key: string,
  app: AppState,
  actions: Actions,
  openHelp: () => void,
): (() => void) | undefined {
  const commands: Readonly<Record<string, () => void>> = {
    ' ': () => actions.togglePlay(),
    ArrowRight: () => actions.step(1),
    ArrowLeft: () => actions.step(-1),
    '.': () => actions.nudge(1),
    ',': () => actions.nudge(-1),
    Home: () => actions.toStart(),
    End: () => actions.toEnd(),
    '+': () => changeSpeed(app, actions, 1),
    '=': () => changeSpeed(app, actions, 1),
    '-': () => changeSpeed(app, actions, -1),
    '?': openHelp,
    Escape: () => actions.select(null),
  }
  return commands[key]
}

function changeSpeed({ speed }: AppState, actions: Actions, direction: 1 | -1): void {
  const index = SPEEDS.findIndex((candidate) => candidate >= speed)
  actions.setSpeed(SPEEDS[Math.min(Math.max(index + direction, 0), SPEEDS.length - 1)] ?? speed)
}

function crashNth(nth: number, { recording }: AppState, actions: Actions): boolean {
  const worker = recording?.topology.workers[nth - 1]
  if (worker !== undefined) actions.crash(worker)
  return worker !== undefined
}

/** The focused element uses this key itself. */
function ownsKey({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('dialog') !== null) return true
  if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement)
    return key !== 'Escape'
  return target instanceof HTMLButtonElement && (key === ' ' || key === 'Enter')
}
