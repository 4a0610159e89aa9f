/**
 * The processes of the run as buttons: what state each is in, and the faults that can be done to it at the
 * playhead. The one place where a fault is made, by pointer or keyboard.
 */
import { h, setAttribute, setText } from '../dom.ts'
import { FAULT_KINDS } from '../faults.ts'
import type { Language, WordKey } from '../i18n/index.ts'
import type { WorkerState, WorkerStatus } from '../model/run-state.ts'
import type { Actions, Frame, View } from './frame.ts'

const STATUS: Readonly<Record<WorkerStatus, { readonly glyph: string; readonly word: WordKey }>> = {
  absent: { glyph: '○', word: 'status.absent' },
  starting: { glyph: '◐', word: 'status.starting' },
  registered: { glyph: '●', word: 'status.registered' },
  crashed: { glyph: '✖', word: 'status.crashed' },
  lost: { glyph: '⌁', word: 'status.given-up' },
}

interface Chip {
  readonly root: HTMLElement
  readonly select: HTMLButtonElement
  readonly glyph: HTMLElement
  readonly status: HTMLElement
  readonly crash: HTMLButtonElement
}

export function createWorkersBar(words: Language, actions: Actions): View {
  const jobGlyph = h('span', { class: 'glyph', 'aria-hidden': 'true' }, '◉')
  const jobStatus = h('span', { class: 'chip-status' })
  const job = h(
    'div',
    { class: 'chip job' },
    h('span', { class: 'chip-name' }, jobGlyph, ` ${words.word('word.job-master')}`),
    jobStatus,
  )
  const element = h('div', {
    class: 'workers',
    role: 'group',
    'aria-label': words.word('graph.workers'),
  })
  element.append(job)
  const chips = new Map<string, Chip>()
  return {
    element,
    draw({ state, at, app }) {
      setText(jobStatus, words.term('status', state.job.status))
      setAttribute(job, 'data-status', state.job.status)
      for (const worker of state.workers.values()) {
        let chip = chips.get(worker.id)
        if (chip === undefined) {
          chip = createChip(worker.id, words, actions)
          chips.set(worker.id, chip)
          element.append(chip.root)
        }
        drawChip(chip, worker, words, at, app)
      }
      removeStale(chips, state.workers)
    },
  }
}

function createChip(worker: string, words: Language, actions: Actions): Chip {
  const glyph = h('span', { class: 'glyph', 'aria-hidden': 'true' })
  const status = h('span', { class: 'chip-status' })
  const select = h(
    'button',
    {
      type: 'button',
      class: 'chip-name',
      onclick: () => actions.select({ kind: 'worker', id: worker }),
    },
    glyph,
    ` ${worker}`,
  )
  const crash = h(
    'button',
    {
      type: 'button',
      class: 'chip-fault',
      'data-fault': 'crash',
      'data-worker': worker,
      onclick: () => actions.crash(worker),
    },
    h('span', { class: 'glyph' }, FAULT_KINDS.crash.glyph),
    h('span', { class: 'fault-word' }, ` ${words.word('graph.crash-short')}`),
  )
  const root = h('div', { class: 'chip worker', 'data-worker': worker }, select, status, crash)
  return { root, select, glyph, status, crash }
}

function drawChip(
  { root, select, glyph, status, crash }: Chip,
  worker: WorkerState,
  words: Language,
  at: number,
  app: Frame['app'],
): void {
  const { glyph: sign, word } = STATUS[worker.status]
  setText(glyph, sign)
  setText(status, words.word(word))
  setAttribute(root, 'data-status', worker.status)
  const isSelected = app.selection?.kind === 'worker' && app.selection.id === worker.id
  setAttribute(select, 'aria-pressed', String(isSelected))
  // Spoken and shown on hover; while playing it would change on every frame.
  if (app.isPlaying && crash.title !== '') return
  const label = words.word('graph.crash', { worker: worker.id, at: words.moment(at) })
  setAttribute(crash, 'aria-label', label)
  setAttribute(crash, 'title', label)
}

function removeStale(chips: Map<string, Chip>, workers: Frame['state']['workers']): void {
  const known = new Set<string>(workers.keys())
  for (const [id, chip] of chips) {
    if (known.has(id)) continue
    chip.root.remove()
    chips.delete(id)
  }
}
