/** The sheet of keys: a modal dialog, closed by Escape like any other. */
import { h } from '../dom.ts'
import type { Language, WordKey } from '../i18n/index.ts'

const KEYS: readonly (readonly [keys: string, word: WordKey])[] = [
  ['Space', 'help.space'],
  ['→', 'help.right'],
  ['←', 'help.left'],
  ['.  ,', 'help.one'],
  ['Home  End', 'help.ends'],
  ['−  +', 'help.speed'],
  ['B  S  T  F', 'help.next'],
  ['Shift 1 … 9', 'help.crash'],
  ['Esc', 'help.escape'],
  ['?', 'help.help'],
]

export function createHelp(words: Language): HTMLDialogElement {
  const dialog = h(
    'dialog',
    { class: 'help-sheet', 'aria-labelledby': 'help-title' },
    h('h2', { id: 'help-title' }, words.word('help.title')),
    h('p', {}, words.word('help.intro')),
    h(
      'dl',
      {},
      ...KEYS.flatMap(([keys, word]) => [
        h('dt', {}, ...keys.split('  ').map((key) => h('kbd', {}, key))),
        h('dd', {}, words.word(word)),
      ]),
    ),
    h('form', { method: 'dialog' }, h('button', {}, words.word('help.close'))),
  )
  return dialog
}
