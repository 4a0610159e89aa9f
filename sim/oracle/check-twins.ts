/**
 * The second judgment, for what the reference model does not interpret: runs of the same job on the same input without
 * failures ("twins"), in which records come in other orders and at other times. What they agree on does not depend on
 * timing, so the run must have exactly that (T1, T2, T4), and end with the same state (S1). A topic or a state about
 * which they disagree is not judged, and that is said. Only where records can come too late, which concerns single keys,
 * the others are.
 */
import type { Delivery } from '../../engine/sink/sink-spec.ts'
import { text } from '../../engine/serializer.ts'
import type { History } from '../history/history.ts'
import type { OutputFindings, UnjudgedTopic } from './output-findings.ts'
import { committedResults, finalStates, UNKEYED } from './run-results.ts'
import type { Counts, Entries, Results, Twins } from './run-results.ts'
import { Violations } from './violation.ts'

export interface TwinCheckOptions {
  readonly history: History
  readonly twins: Twins
  /** What is to be judged: these topics, and the states of these operators. */
  readonly topics: ReadonlySet<string>
  readonly operators: ReadonlySet<string>
  readonly violations: Violations
}

/** What differs from the twins is only a violation if it differs from more of them, too. */
export function compareWithTwins(options: TwinCheckOptions): OutputFindings {
  const { twins, violations } = options
  const found = new Violations()
  const findings = new TwinCheck({ ...options, violations: found }).run()
  if (found.all.length === 0) return findings
  return new TwinCheck({ ...options, twins: twins.confirm(), violations }).run()
}

class TwinCheck {
  readonly #options: TwinCheckOptions
  readonly #unjudged: UnjudgedTopic[] = []
  #expected = 0
  #lost = 0
  #duplicated = 0

  constructor(options: TwinCheckOptions) {
    this.#options = options
  }

  run(): OutputFindings {
    const { history, topics, twins } = this.#options
    const stuck = twins.runs.find((twin) => twin.stuck !== null)
    if (stuck === undefined) {
      const results = committedResults(history.outputs)
      for (const topic of topics) this.#checkTopic(topic, results)
      if (history.stuck === null) this.#checkStates()
    } else {
      const reason = `the run without failures "${stuck.name}" did not come to rest: ${stuck.stuck}`
      for (const topic of topics) this.#unjudged.push({ topic, reason })
    }
    return {
      expected: this.#expected,
      lost: this.#lost,
      duplicated: this.#duplicated,
      uncertainKeys: 0,
      unjudged: this.#unjudged,
    }
  }

  #checkTopic(topic: string, results: Results): void {
    const { history, twins } = this.#options
    const delivery = history.outputs.find((output) => output.topic === topic)?.delivery ?? 'none'
    const own = results.get(topic) ?? NO_ENTRIES
    const others = twins.runs.map(({ topics }) => topics.get(topic) ?? NO_ENTRIES)
    const keys = keysOf([own, ...others])
    const differing = [...keys].filter((key) => !agree(others, key))
    if (differing.length > 0) {
      const share = keys.size === 1 ? '' : `, for ${differing.length} of ${keys.size} keys`
      this.#unjudged.push({ topic, reason: `the result depends on timing${share}` })
      if (!twins.hasStragglers) return
    }
    for (const key of keys) {
      if (differing.includes(key)) continue
      const found = own.get(key) ?? NO_COUNTS
      const [expected = NO_COUNTS] = others.map((entries) => entries.get(key) ?? NO_COUNTS)
      const comparison = new KeyComparison({ topic, key, delivery }, found, expected)
      comparison.run()
      this.#take(comparison)
    }
  }

  #take({ expected, missing, surplus, wrong }: KeyComparison): void {
    this.#expected += expected
    if (this.#options.history.stuck === null) {
      for (const { count, message } of missing) {
        this.#lost += count
        this.#options.violations.add('T1', message)
      }
    }
    for (const { count, message } of surplus) {
      this.#duplicated += count
      this.#options.violations.add('T2', message)
    }
    for (const { message } of wrong) this.#options.violations.add('T4', message)
  }

  #checkStates(): void {
    const { history, twins, operators } = this.#options
    const last = history.checkpoints.at(-1)
    if (last === undefined) return
    const own = finalStates(history)
    const all = twins.runs.map(({ states }) => states)
    for (const place of keysOf([own, ...all])) {
      if (!operators.has(place.slice(place.lastIndexOf(' of ') + 4))) continue
      const mine = own.get(place) ?? NO_ENTRIES
      const others = all.map((states) => states.get(place) ?? NO_ENTRIES)
      const keys = [...keysOf([mine, ...others])]
      const agreed = keys.filter((key) => agree(others, key))
      if (agreed.length < keys.length && !twins.hasStragglers) continue
      for (const key of agreed) {
        const expected = others[0]?.get(key) ?? NO_COUNTS
        const found = mine.get(key) ?? NO_COUNTS
        if (isSame(found, expected)) continue
        const message =
          `At the end (checkpoint ${last.checkpoint}) the state ${place} has for ${key} ${showCounts(found)}; ` +
          `in runs without failures it has ${showCounts(expected)}.`
        this.#options.violations.add('S1', message, last.seq)
      }
    }
  }
}

interface Difference {
  readonly count: number
  readonly message: string
}

interface Place {
  readonly topic: string
  readonly key: string
  readonly delivery: Delivery
}

/** What lies under one key of a topic, compared with what all twins have there. */
class KeyComparison {
  readonly missing: Difference[] = []
  readonly surplus: Difference[] = []
  readonly wrong: Difference[] = []
  expected = 0
  readonly #place: Place
  readonly #found: Counts
  readonly #expected: Counts

  constructor(place: Place, found: Counts, expected: Counts) {
    this.#place = place
    this.#found = found
    this.#expected = expected
  }

  run(): void {
    const expected = this.#expected
    const unknown = [...this.#found.keys()].filter((value) => !expected.has(value))
    for (const [value, count] of expected) {
      const found = this.#found.get(value) ?? 0
      const isReplaceable = found < count && this.#place.key !== UNKEYED
      const instead = isReplaceable ? unknown.shift() : undefined
      if (instead === undefined) this.#compare(value, count)
      else {
        this.expected += count
        this.#addWrong(instead, `where runs without failures have ${showText(value)}`)
      }
    }
    for (const value of unknown) this.#addWrong(value, 'which no run without failures has')
  }

  #compare(value: string, count: number): void {
    const { delivery } = this.#place
    this.expected += count
    const found = this.#found.get(value) ?? 0
    if (found < count && delivery !== 'none') {
      const message = `${this.#show(value)} is lost: ${found} of ${count} are visible.`
      this.missing.push({ count: count - found, message })
    }
    if (found > count && delivery === 'exactly-once') {
      const message = `${this.#show(value)} is there ${found} times instead of ${count}.`
      this.surplus.push({ count: found - count, message })
    }
  }

  #addWrong(value: string, clause: string): void {
    this.wrong.push({ count: 1, message: `${this.#show(value)} is there, ${clause}.` })
  }

  #show(value: string): string {
    const { topic, key } = this.#place
    const under = key === UNKEYED ? '' : ` (${showText(key)})`
    return `The record ${showText(value)}${under} in topic "${topic}"`
  }
}

/** Characters of a value that a message shows. */
const SHOWN_MAX = 200
const NO_COUNTS: Counts = new Map()
const NO_ENTRIES: Entries = new Map()

function keysOf(maps: readonly ReadonlyMap<string, unknown>[]): ReadonlySet<string> {
  return new Set(maps.flatMap((map) => [...map.keys()]))
}

/** Whether all have the same under the key. */
function agree(entries: readonly Entries[], key: string): boolean {
  const [first = NO_COUNTS, ...rest] = entries.map((one) => one.get(key) ?? NO_COUNTS)
  return rest.every((counts) => isSame(counts, first))
}

function isSame(a: Counts, b: Counts): boolean {
  return a.size === b.size && [...a].every(([value, count]) => b.get(value) === count)
}

function showCounts(counts: Counts): string {
  const values = [...counts].map(([value, count]) => (count === 1 ? value : `${count} × ${value}`))
  return values.length === 0 ? 'nothing' : shorten(values.join(', '))
}

/** Texts of values hold one character for each byte. */
function showText(value: string): string {
  return shorten(text.decode(Uint8Array.from(value, (character) => character.charCodeAt(0))))
}

function shorten(sentence: string): string {
  return sentence.length > SHOWN_MAX ? `${sentence.slice(0, SHOWN_MAX)}…` : sentence
}
