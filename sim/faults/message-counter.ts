/** Counts the messages of each sender and link, and so tells which of them a fault takes. */
import { FAULT_DEFAULTS } from '../plan/plan.ts'
import type { DropFault, SentMessage } from '../plan/plan.ts'

export class MessageCounter {
  readonly #counts = new Map<string, number>()
  /** How many a fault has taken, by its index. */
  readonly #taken = new Map<number, number>()

  count(from: string, to: string, message: SentMessage): void {
    for (const key of [`${from} ${message}`, `${from}>${to} ${message}`]) {
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    }
  }

  /** Whether the fault takes the message that was just counted, which is of its kind and link. */
  takes(index: number, { on, to, message, at, count }: DropFault, now: number): boolean {
    const taken = this.#taken.get(index) ?? 0
    if (taken >= (count ?? FAULT_DEFAULTS.count)) return false
    const link = to === undefined ? on : `${on}>${to}`
    const nth = this.#counts.get(`${link} ${message}`) ?? 0
    const isDue = 't' in at ? at.t <= now : at.nth <= nth
    if (isDue) this.#taken.set(index, taken + 1)
    return isDue
  }
}
