/** The top bar (what runs, verdict, link, language, theme, help) and the transport (play, step, seek, speed). */
import { h, setAttribute, setText } from '../dom.ts'
import type { Language } from '../i18n/index.ts'
import { createIcon, setIcon } from '../icons.ts'
import type { IconName } from '../icons.ts'
import { SPEEDS } from '../player.ts'
import type { Pace } from '../player.ts'
import type { Actions, AppState, Frame, View } from './frame.ts'
import { createVerdictBadge } from './verdict.ts'

export function createTopBar(words: Language, actions: Actions, openHelp: () => void): View {
  const job = createJobChoice(words, actions)
  const badge = createVerdictBadge(words, actions)
  const share = h('button', { type: 'button', class: 'share' }, words.word('bar.share'))
  share.addEventListener('click', () => void copyLink(share, words, actions))
  const theme = h(
    'button',
    { type: 'button', class: 'theme', onclick: () => actions.cycleTheme() },
    '◐',
  )
  const language = h(
    'button',
    {
      type: 'button',
      class: 'language',
      lang: words.locale === 'zh' ? 'en' : 'zh-CN',
      'aria-label': words.word('bar.language-label'),
      onclick: () => actions.setLocale(words.locale === 'zh' ? 'en' : 'zh'),
    },
    words.word('bar.language'),
  )
  const help = h(
    'button',
    { type: 'button', class: 'help', 'aria-label': words.word('bar.help'), onclick: openHelp },
    '?',
  )
  const element = h(
    'header',
    { class: 'top-bar' },
    h('h1', {}, 'Weir'),
    job.element,
    badge.element,
    h('div', { class: 'top-actions' }, share, language, theme, help),
  )
  return {
    element,
    draw(frame) {
      const { app } = frame
      badge.draw(frame)
      job.draw(frame)
      const name = words.word('bar.theme', { theme: words.word(`theme.${app.themeChoice}`) })
      setAttribute(theme, 'aria-label', name)
      setAttribute(theme, 'title', name)
    },
  }
}

/** The job's name; where it is one of the page's own, a choice of them. */
function createJobChoice(words: Language, actions: Actions): View {
  const name = h('span', { class: 'job-name' })
  const choice = h('select', {
    class: 'job-name',
    'aria-label': words.word('bar.job'),
    onchange: () => actions.openJob(choice.value),
  })
  let listed: AppState['jobs'] = []
  return {
    element: h('div', { class: 'job' }, name, choice),
    draw({ app: { plan, jobs }, recording }) {
      const builtin = plan !== null && 'builtin' in plan.job ? plan.job.builtin : null
      choice.hidden = builtin === null || !jobs.some((job) => job.name === builtin)
      name.hidden = !choice.hidden
      setText(name, recording.topology.job)
      if (listed !== jobs) {
        listed = jobs
        choice.replaceChildren(...jobs.map((job) => h('option', { value: job.name }, job.title)))
      }
      if (builtin !== null && choice.value !== builtin) choice.value = builtin
    },
  }
}

async function copyLink(share: HTMLElement, words: Language, actions: Actions): Promise<void> {
  if (!(await actions.share())) return
  share.textContent = words.word('bar.copied')
  setTimeout(() => setText(share, words.word('bar.share')), 2000)
}

export function createTransport(words: Language, actions: Actions): View {
  const button = (icon: IconName, name: string, key: string, onclick: () => void): IconButton => {
    const sign = createIcon(icon)
    const title = `${name} (${key})`
    return {
      sign,
      element: h('button', { type: 'button', 'aria-label': name, title, onclick }, sign),
    }
  }
  const play = button('play', words.word('transport.play'), '␣', () => actions.togglePlay())
  play.element.classList.add('play')
  const time = h('output', { class: 'time', 'aria-label': words.word('transport.time') })
  const end = h('span', { class: 'time-end' })
  const pace = h('span', { class: 'pace' })
  const speed = createSpeed(words, actions)
  const element = h(
    'div',
    { class: 'transport', role: 'toolbar', 'aria-label': words.word('transport.title') },
    button('start', words.word('transport.start'), 'Home', () => actions.toStart()).element,
    button('back', words.word('transport.back'), '←', () => actions.step(-1)).element,
    play.element,
    button('forward', words.word('transport.forward'), '→', () => actions.step(1)).element,
    button('end', words.word('transport.end'), 'End', () => actions.toEnd()).element,
    h('span', { class: 'clock' }, time, end, pace),
    speed.element,
  )
  return {
    element,
    draw: (frame) => drawTransport(frame, { play, time, end, pace, speed }, words),
  }
}

interface IconButton {
  readonly element: HTMLButtonElement
  readonly sign: SVGSVGElement
}

interface TransportParts {
  readonly play: IconButton
  readonly time: HTMLElement
  readonly end: HTMLElement
  readonly pace: HTMLElement
  readonly speed: ReturnType<typeof createSpeed>
}

function drawTransport(
  { app, at, recording }: Frame,
  parts: TransportParts,
  words: Language,
): void {
  const { play, time, end, pace, speed } = parts
  const name = words.word(app.isPlaying ? 'transport.pause' : 'transport.play')
  setIcon(play.sign, app.isPlaying ? 'pause' : 'play')
  setAttribute(play.element, 'aria-label', name)
  setText(time, words.moment(at))
  const total = words.moment(recording.endAt)
  setText(
    end,
    recording.isComplete ? ` / ${total}` : ` / ${total} ${words.word('transport.computing')}`,
  )
  drawPace(pace, app.isPlaying ? app.pace : 'normal', words)
  speed.draw(app.speed)
}

/** No silent time warp: a sign says when play is not at the chosen speed. */
function drawPace(element: HTMLElement, pace: Pace, words: Language): void {
  setText(element, { fast: '»', slow: '«', normal: '' }[pace])
  setAttribute(element, 'title', pace === 'normal' ? null : words.word(`transport.${pace}`))
}

/** A logarithmic slider over named speeds, with the speed in words. */
function createSpeed(
  words: Language,
  actions: Actions,
): { readonly element: HTMLElement; readonly draw: (speed: number) => void } {
  const value = h('output', { class: 'speed-value' })
  const range = h('input', {
    type: 'range',
    min: 0,
    max: SPEEDS.length - 1,
    step: 1,
    'aria-label': words.word('transport.speed'),
  })
  range.addEventListener('input', () => actions.setSpeed(SPEEDS[range.valueAsNumber] ?? 1))
  return {
    element: h('span', { class: 'speed' }, range, value),
    draw(speed) {
      const text = words.word('transport.speed-value', { span: words.span(speed) })
      setText(value, text)
      setAttribute(range, 'aria-valuetext', text)
      range.valueAsNumber = SPEEDS.findIndex((candidate) => candidate >= speed)
    },
  }
}
