/** The verdict of the oracle, the numbers of the run, and whether it is the run that the link promised. */
import { h } from '../dom.ts'
import { FAULT_KINDS } from '../faults.ts'
import type { Language, WordKey } from '../i18n/index.ts'
import type { Outcome, RecoveryDurations, RunSummary } from '../../sim/index.ts'
import type { RunResult } from '../worker-protocol.ts'
import type { Actions, AppState, Frame, View } from './frame.ts'

interface Face {
  readonly glyph: string
  readonly tone: 'ok' | 'fail' | 'indeterminate'
  readonly word: WordKey
  readonly long: WordKey
}

const FACES: Readonly<Record<Outcome, Face>> = {
  passed: { glyph: '✓', tone: 'ok', word: 'verdict.passed', long: 'verdict.passed-long' },
  correctness: {
    glyph: '✕',
    tone: 'fail',
    word: 'verdict.correctness',
    long: 'verdict.correctness-long',
  },
  liveness: { glyph: '✕', tone: 'fail', word: 'verdict.liveness', long: 'verdict.liveness-long' },
  invariant: {
    glyph: '✕',
    tone: 'fail',
    word: 'verdict.invariant',
    long: 'verdict.invariant-long',
  },
}

/** The badge in the top bar: glyph, word and colour. */
export function createVerdictBadge(words: Language, actions: Actions): View {
  const badge = h('button', {
    type: 'button',
    class: 'badge',
    onclick: () => actions.setTab('result'),
  })
  const same = h('span', { class: 'same', role: 'status' })
  const element = h('div', { class: 'verdict-badge' }, badge, same)
  return {
    element,
    draw({ app }) {
      const face = app.result === null ? null : FACES[app.result.verdict.outcome]
      const text =
        face === null
          ? `? ${words.word('verdict.pending')}`
          : `${face.glyph} ${words.word(face.word)}`
      if (badge.textContent !== text) badge.textContent = text
      badge.dataset['tone'] = face?.tone ?? 'indeterminate'
      const sameness = samenessOf(app)
      const label =
        sameness === null
          ? ''
          : `${words.word(sameness ? 'verdict.same' : 'verdict.other')} ${sameness ? '✓' : '✕'}`
      if (same.textContent !== label) same.textContent = label
      same.dataset['tone'] = sameness === false ? 'fail' : 'ok'
    },
  }
}

/** Whether the run is the one that the link promised; null when it promised none or is not finished. */
export function samenessOf({ expectedHash, result }: AppState): boolean | null {
  if (expectedHash === null || result === null) return null
  return expectedHash === result.traceHash
}

export function createVerdictPanel(words: Language, actions: Actions): View {
  const body = h('div', { class: 'verdict-body' })
  const element = h(
    'section',
    { class: 'panel verdict', id: 'panel-result', 'aria-label': words.word('verdict.title') },
    body,
  )
  let shown: unknown = null
  return {
    element,
    draw(frame) {
      const { result, recording } = frame.app
      if (shown === result) return
      shown = result
      body.replaceChildren(
        ...(result === null || recording === null ? [] : panelOf(result, frame, words, actions)),
      )
    },
  }
}

function panelOf(
  result: RunResult,
  frame: Frame,
  words: Language,
  actions: Actions,
): readonly HTMLElement[] {
  const { verdict, traceHash, summary } = result
  const face = FACES[verdict.outcome]
  const same = samenessOf(frame.app)
  return [
    h(
      'p',
      { class: 'verdict-long', 'data-tone': face.tone },
      `${face.glyph} ${words.word(face.long)}`,
    ),
    ...(verdict.violations.length === 0
      ? []
      : [violationsOf(verdict.violations, frame, words, actions)]),
    h(
      'dl',
      { class: 'summary' },
      ...summaryRows(summary, words).flatMap(([name, value]) => [
        h('div', {}, h('dt', {}, name), h('dd', {}, value)),
      ]),
    ),
    faultsOf(result.faults, words, actions),
    h(
      'p',
      { class: 'hash' },
      `${words.word('verdict.hash')} `,
      h('code', {}, traceHash),
      seedOf(frame, words),
    ),
    ...(same === null
      ? []
      : [
          h(
            'p',
            { class: 'hash' },
            words.word(same ? 'verdict.same-long' : 'verdict.other-long', {
              hash: traceHash,
              expected: frame.app.expectedHash ?? '',
            }),
          ),
        ]),
  ]
}

function seedOf({ app }: Frame, words: Language): string {
  return app.plan === null ? '' : ` · ${words.word('bar.seed', { seed: app.plan.seed })}`
}

/** What became of every planned fault: a run whose faults hit nothing proves little. */
function faultsOf(faults: RunResult['faults'], words: Language, actions: Actions): HTMLElement {
  if (faults.length === 0) return h('p', {}, words.word('verdict.no-faults'))
  return h(
    'ul',
    { class: 'fault-list', 'aria-label': words.word('verdict.faults') },
    ...faults.map(({ kind, on, outcome, phase, firedAt }, index) => {
      const { glyph, word } = FAULT_KINDS[kind]
      const at = firedAt === null ? '' : ` ${words.moment(firedAt)}`
      const hit = phase === null ? '' : ` (${phase})`
      const onclick = (): void => actions.select({ kind: 'fault', id: String(index) })
      return h(
        'li',
        {},
        `${glyph} `,
        h('button', { type: 'button', class: 'link', onclick }, `${words.word(word)} ${on}${at}`),
        ` ${words.term('fault', outcome)}${hit}`,
      )
    }),
  )
}

function violationsOf(
  violations: RunResult['verdict']['violations'],
  { recording }: Frame,
  words: Language,
  actions: Actions,
): HTMLElement {
  return h(
    'ul',
    { class: 'violations', 'aria-label': words.word('verdict.violations') },
    ...violations.slice(0, 20).map(({ invariant, message, seq }) => {
      const index = recording.events.findIndex((event) => event.seq === seq)
      const jump = h(
        'button',
        { type: 'button', class: 'link', onclick: () => actions.jumpTo(index) },
        words.word('verdict.jump'),
      )
      return h(
        'li',
        {},
        h('strong', {}, invariant),
        ` ${message} `,
        ...(index === -1 ? [] : [jump]),
      )
    }),
  )
}

/** The numbers of a run that fit on a card; lists stay with the command line. */
const SUMMARY: readonly (readonly [
  word: WordKey,
  value: (summary: RunSummary, words: Language) => string | null,
])[] = [
  ['summary.records', ({ records }, words) => words.number(records)],
  ['summary.keys', ({ keys }, words) => words.number(keys)],
  ['summary.totalBytes', ({ totalBytes }, words) => words.bytes(totalBytes)],
  ['summary.malformed', ({ malformed }, words) => words.number(malformed)],
  ['summary.lost', ({ lost }, words) => words.number(lost)],
  ['summary.duplicated', ({ duplicated }, words) => words.number(duplicated)],
  ['summary.checkpoints', ({ checkpoints }, words) => words.number(checkpoints.completed)],
  ['summary.restarts', ({ restarts }, words) => words.number(restarts)],
  [
    'summary.recovery',
    ({ recovery }, words) => (recovery === null ? null : words.span(totalOf(recovery))),
  ],
  ['summary.duration', ({ durationMs }, words) => words.span(durationMs)],
]

function totalOf({ detectMs, restartMs, restoreMs, catchUpMs }: RecoveryDurations): number {
  return detectMs + restartMs + restoreMs + catchUpMs
}

function summaryRows(summary: RunSummary, words: Language): readonly (readonly [string, string])[] {
  return SUMMARY.flatMap(([word, value]) => {
    const shown = value(summary, words)
    return shown === null ? [] : [[words.word(word), shown] as const]
  })
}
