/**
 * What the commands print with: colours only where standard output is a terminal that wants them, a progress line only
 * where standard error is one, and nothing from a file that could steer a terminal.
 */
import { stripVTControlCharacters, styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

/** Writes to standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Writes blocks of lines with an empty line between them; an empty block is left out. */
export function printBlocks(blocks: readonly (readonly string[])[]): void {
  const filled = blocks.filter((block) => block.length > 0)
  print(filled.map((block) => block.join('\n')).join('\n\n'))
}

/** One JSON document on standard output. */
export function printJson(document: unknown): void {
  print(JSON.stringify(document, null, 2))
}

/** Writes to standard error, for whoever waits or has to act; never part of a result. */
export function notice(sentence: string): void {
  process.stderr.write(`weir: ${printable(sentence)}\n`)
}

/** Coloured when standard output is a terminal and nothing forbids it (NO_COLOR). */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** Control characters as `\xNN`: what comes from a log must not reach the terminal as a command. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const MILLISECONDS = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})

const FIGURE = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })

/** `10,000`. */
export function count(value: number): string {
  return COUNT.format(value)
}

/** `7,400,000` or `0.35`: a measured value in three digits. */
export function figure(value: number): string {
  return FIGURE.format(value)
}

/** `1,234.5`: tenths are enough to read, JSON has more. */
export function milliseconds(value: number): string {
  return MILLISECONDS.format(value)
}

/** `1 crash`, `2 crashes`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** Lines of columns, each as wide as its widest cell; numbers (columns named in `right`) end at the same place. */
export function table(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))))
  }
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const padding = ' '.repeat((widths[i] ?? 0) - widthOf(cell))
        return right.includes(i) ? padding + cell : cell + padding
      })
      .join('  ')
      .trimEnd(),
  )
}

/** `label  text` with all texts below each other; a label that repeats is left out. */
export function labelled(rows: readonly (readonly [label: string, text: string])[]): string[] {
  let last = ''
  const cells = rows.map(([label, text]) => {
    const shown = label === last ? '' : paint('dim', label)
    last = label
    return [`  ${shown}`, text]
  })
  return table(cells)
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length
}

/** A line that is written over and over; silent where standard error is not a terminal. */
export class ProgressLine {
  readonly #isShown = process.stderr.isTTY && process.env['TERM'] !== 'dumb'
  #shownAt = -Infinity

  /** Shows the text, which is asked for only when it is time for a new one. */
  show(text: () => string): void {
    if (!this.#isShown || performance.now() - this.#shownAt < 40) return
    this.#shownAt = performance.now()
    const width = process.stderr.columns || 80
    process.stderr.write(`\r${text().slice(0, width - 1)}\u001b[K`)
  }

  clear(): void {
    if (this.#isShown && this.#shownAt > 0) process.stderr.write('\r\u001b[K')
  }
}

/** `█████·····`, filled to a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width)
  return '█'.repeat(filled) + '·'.repeat(width - filled)
}
