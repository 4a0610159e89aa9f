/** The page as a whole: every view in its place, tabs on narrow screens, the message when there is no run. */
import { h, setAttribute } from '../dom.ts'
import type { Language, WordKey } from '../i18n/index.ts'
import type { Problem } from '../worker-protocol.ts'
import { createTopBar, createTransport } from './controls.ts'
import { createDetails } from './details.ts'
import { EventLog } from './event-log.ts'
import type { Actions, AppState, Frame, Tab, View } from './frame.ts'
import { Graph } from './graph.ts'
import { createHelp } from './help.ts'
import { createPartitionLogs } from './partition-logs.ts'
import { createTextures } from './textures.ts'
import { Timeline } from './timeline.ts'
import { createVerdictPanel } from './verdict.ts'

const TABS: readonly (readonly [tab: Tab, word: WordKey])[] = [
  ['graph', 'tab.graph'],
  ['logs', 'tab.logs'],
  ['events', 'tab.events'],
  ['result', 'tab.result'],
]

export class Page {
  readonly element: HTMLElement
  readonly #words: Language
  readonly #actions: Actions
  readonly #views: readonly View[]
  readonly #tabs: ReturnType<typeof createTabs>
  readonly #help: HTMLDialogElement
  readonly #message = h('div', { class: 'message', role: 'status' })
  /** Empty until there is a run. */
  readonly #runParts: readonly HTMLElement[]
  #shownProblem: Problem | null | undefined

  constructor(words: Language, actions: Actions) {
    this.#words = words
    this.#actions = actions
    this.#help = createHelp(words)
    const topBar = createTopBar(words, actions, () => this.openHelp())
    const transport = createTransport(words, actions)
    const stage = [new Graph(words, actions), createPartitionLogs(words, actions)]
    const side = [
      createVerdictPanel(words, actions),
      createDetails(words, actions),
      new EventLog(words, actions),
    ]
    const timeline = new Timeline(words, actions)
    this.#views = [topBar, transport, ...stage, ...side, timeline]
    this.#tabs = createTabs(words, actions)
    const column = (className: string, views: readonly View[]): HTMLElement =>
      h('div', { class: className }, ...views.map(({ element }) => element))
    const body = h(
      'main',
      { class: 'body' },
      column('stage-column', stage),
      column('side-column', side),
    )
    this.#runParts = [transport.element, this.#tabs.element, body, timeline.element]
    this.element = h(
      'div',
      { class: 'page' },
      topBar.element,
      transport.element,
      this.#tabs.element,
      this.#message,
      body,
      timeline.element,
      createTextures(),
      this.#help,
    )
  }

  /** `frame` is null while there is no run. */
  draw(app: AppState, frame: Frame | null): void {
    setAttribute(this.element, 'data-tab', app.tab)
    setAttribute(this.element, 'data-selection', app.selection?.kind ?? 'none')
    this.#tabs.draw(app.tab)
    const hasRun = frame !== null && app.problem === null
    for (const part of this.#runParts) part.classList.toggle('without-run', !hasRun)
    this.#message.hidden = hasRun
    if (hasRun) for (const view of this.#views) view.draw(frame)
    else this.#drawMessage(app.problem)
  }

  openHelp(): void {
    if (!this.#help.open) this.#help.showModal()
  }

  #drawMessage(problem: Problem | null): void {
    if (this.#shownProblem === problem) return
    this.#shownProblem = problem
    this.#message.replaceChildren(...messageOf(problem, this.#words, this.#actions))
  }
}

function createTabs(
  words: Language,
  actions: Actions,
): { readonly element: HTMLElement; readonly draw: (tab: Tab) => void } {
  const buttons = TABS.map(([tab, word]) =>
    h(
      'button',
      { type: 'button', 'data-tab': tab, onclick: () => actions.setTab(tab) },
      words.word(word),
    ),
  )
  const element = h('nav', { class: 'tabs', 'aria-label': words.word('tab.views') }, ...buttons)
  return {
    element,
    draw(tab) {
      for (const button of buttons)
        setAttribute(button, 'aria-current', button.dataset['tab'] === tab ? 'true' : null)
    },
  }
}

function messageOf(
  problem: Problem | null,
  words: Language,
  actions: Actions,
): readonly (Node | string)[] {
  if (problem === null) return [h('p', {}, words.word('app.loading'))]
  return [
    h('h2', {}, words.word('problem.title')),
    h('p', {}, problemText(problem, words)),
    h(
      'button',
      { type: 'button', onclick: () => actions.openDefault() },
      words.word('problem.default'),
    ),
  ]
}

function problemText(problem: Problem, words: Language): string {
  switch (problem.type) {
    case 'missing-input':
      return words.word('problem.missing-input', { file: problem.file, sha256: problem.sha256 })
    case 'missing-job':
      return words.word('problem.missing-job', { file: problem.file, sha256: problem.sha256 })
    case 'unknown-job':
      return words.word('problem.unknown-job', {
        name: problem.name,
        known: problem.known.join(', '),
      })
    case 'other':
      return problem.message
  }
}
