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
          : `${face.glyph} ${words.word(face.word)}${unjudgedShort(app.result, words)}`
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

/** How much of the output the verdict says nothing about. */
function unjudgedShort(result: RunResult | null, words: Language): string {
  const count = result?.summary.unjudgedTopics.length ?? 0
  return count === 0 ? '' : ` · ${words.word('verdict.unjudged', { count })}`
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
  const isPartly = verdict.outcome === 'passed' && summary.unjudgedTopics.length > 0
  return [
    h(
      'p',
      { class: 'verdict-long', 'data-tone': face.tone },
      `${face.glyph} ${words.word(isPartly ? 'verdict.partly-long' : face.long)}`,
    ),
    ...unjudgedOf(summary.unjudgedTopics, words),
    ...(verdict.violations.length === 0
      ? []
      : [violationsOf(verdict.violations, frame, words, actions)]),
    h(
      'dl',
      { class: 'summary' },
      ...summaryRows(summary, frame, words).flatMap(([name, value]) => [
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

/** The output topics that the verdict says nothing about, or not of every key, and why. */
function unjudgedOf(topics: RunSummary['unjudgedTopics'], words: Language): readonly HTMLElement[] {
  if (topics.length === 0) return []
  const items = topics.map(({ topic, reason }) =>
    h('li', {}, h('strong', {}, topic), ` ${reasonIn(reason, words)}`),
  )
  const label = words.word('verdict.not-judged')
  return [
    h('p', { class: 'unjudged-title' }, `? ${label}`),
    h('ul', { class: 'violations', 'aria-label': label }, ...items),
  ]
}

/** The oracle's clause in the reader's language; one that is not known here stays as it is. */
function reasonIn(reason: string, words: Language): string {
  const match = /^the result depends on timing(?:, for (\d+) of (\d+) keys)?$/.exec(reason)
  if (match === null) return reason
  const [, some = '', all = ''] = match
  return words.word('verdict.timing', { some, all })
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
  value: (summary: RunSummary, words: Language, frame: Frame) => string | null,
])[] = [
  ['summary.records', ({ records }, words) => words.number(records)],
  ['summary.outputs', ({ outputs }, words) => words.number(outputs)],
  // Keys and totals are those of lines that say `key,total`; few jobs write such.
  ['summary.keys', ({ keys }, words) => (keys === 0 ? null : words.number(keys))],
  [
    'summary.totalBytes',
    ({ keys, totalBytes }, words, frame) =>
      keys > 0 && sumsBytes(frame) ? words.bytes(totalBytes) : null,
  ],
  [
    'summary.total',
    ({ keys, totalBytes }, words, frame) =>
      keys > 0 && !sumsBytes(frame) ? words.number(totalBytes) : null,
  ],
  [
    'summary.malformed',
    ({ malformed }, words, { recording }) =>
      recording.topology.outputs.some(({ topic }) => topic.endsWith('malformed'))
        ? words.number(malformed)
        : null,
  ],
  ['summary.lost', ({ lost }, words) => words.number(lost)],
  ['summary.duplicated', ({ duplicated }, words) => words.number(duplicated)],
  [
    'summary.uncertain',
    ({ uncertainKeys }, words) => (uncertainKeys === 0 ? null : words.number(uncertainKeys)),
  ],
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

function sumsBytes({ app: { plan } }: Frame): boolean {
  return plan !== null && 'builtin' in plan.job && plan.job.builtin === 'traffic-statistics'
}

function summaryRows(
  summary: RunSummary,
  frame: Frame,
  words: Language,
): readonly (readonly [string, string])[] {
  return SUMMARY.flatMap(([word, value]) => {
    const shown = value(summary, words, frame)
    return shown === null ? [] : [[words.word(word), shown] as const]
  })
}
