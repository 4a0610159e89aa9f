/**
 * One entry for every kind of fault: its glyph on the timeline and, where a click on a worker can make one, how.
 * A new kind does not compile until it has an entry here and the word `fault.<kind>` in both languages.
 */
import type { WordKey } from './i18n/index.ts'
import type { Fault } from '../sim/index.ts'

export interface FaultKind {
  readonly glyph: string
  readonly word: WordKey
  /** The fault that "do this to worker `on` at `t`" means; absent when it needs more than a place and a time. */
  readonly atWorker?: (on: string, t: number) => Fault
}

export const FAULT_KINDS: { readonly [K in Fault['kind']]: FaultKind } = {
  crash: {
    glyph: '✖',
    word: 'fault.crash',
    atWorker: (on, t) => ({ kind: 'crash', on, at: { t } }),
  },
  fail: { glyph: '⚠', word: 'fault.fail' },
  sever: { glyph: '✂', word: 'fault.sever' },
  compact: { glyph: '⇲', word: 'fault.compact' },
  drop: { glyph: '⤬', word: 'fault.drop' },
  delay: { glyph: '◷', word: 'fault.delay' },
  duplicate: { glyph: '⧉', word: 'fault.duplicate' },
  'lose-response': { glyph: '⇠', word: 'fault.lose-response' },
}

/** The planned time of a fault, or null when it is addressed by a protocol point. */
export function plannedAt({ at }: Fault): number | null {
  return 't' in at ? at.t : null
}
