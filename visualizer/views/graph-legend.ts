/** The legend of the graph and the logs: every texture with its word. */
import { h } from '../dom.ts'
import type { Language, WordKey } from '../i18n/index.ts'

const ENTRIES: readonly (readonly [className: string, word: WordKey])[] = [
  ['dot even', 'legend.even'],
  ['dot odd', 'legend.odd'],
  ['dot odd hollow', 'legend.replayed'],
  ['bar', 'legend.barrier'],
  ['blocked', 'legend.blocked'],
  ['box open', 'legend.open'],
  ['box prepared', 'legend.prepared'],
  ['box committed', 'legend.committed'],
  ['box aborted', 'legend.aborted'],
  ['marker', 'legend.marker'],
  ['input', 'legend.input'],
]

export interface Legend {
  readonly element: HTMLElement
  /** `hasInputs`: there are operators with several inputs. */
  draw(hasInputs: boolean): void
}

export function createLegend(words: Language): Legend {
  const element = h(
    'ul',
    { class: 'legend', 'aria-label': words.word('graph.legend') },
    ...ENTRIES.map(([className, word]) =>
      h(
        'li',
        {},
        h('span', { class: `swatch ${className}`, 'aria-hidden': 'true' }),
        words.word(word),
      ),
    ),
  )
  const inputs = element.querySelector<HTMLElement>('li:has(.input)')
  return {
    element,
    draw(hasInputs) {
      if (inputs !== null) inputs.hidden = !hasInputs
    },
  }
}
