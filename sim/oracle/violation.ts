/** A broken invariant, with its id from simulation-and-oracle.md 3.2 and what broke it. */

export type InvariantId =
  | 'S1'
  | 'S2'
  | 'S3'
  | 'S4'
  | 'S5'
  | 'O1'
  | 'O3'
  | 'T1'
  | 'T2'
  | 'T3'
  | 'T4'
  | 'T5'
  | 'X1'
  | 'X2'
  | 'X3'
  | 'X4'
  | 'X6'
  | 'B1'
  | 'B3'
  | 'L1'
  | 'L2'
  | 'D1'
  | 'F-I1'
  | 'F-I2'
  | 'F-I3'
  | 'F-I9'
  | 'F-I10'
  | 'assertion'

export interface Violation {
  readonly invariant: InvariantId
  /** One sentence with ids. */
  readonly message: string
  /** The trace event that shows it; -1 when none does. */
  readonly seq: number
}

/** Collects violations; keeps the first few of each invariant and counts all. */
export class Violations {
  readonly #kept: Violation[] = []
  readonly #counts = new Map<InvariantId, number>()

  /** Kept per invariant: enough to see the pattern. */
  static readonly KEPT_PER_INVARIANT = 5

  add(invariant: InvariantId, message: string, seq = -1): void {
    const count = (this.#counts.get(invariant) ?? 0) + 1
    this.#counts.set(invariant, count)
    if (count <= Violations.KEPT_PER_INVARIANT) this.#kept.push({ invariant, message, seq })
  }

  /** Takes over what another collection kept. */
  addAll(others: Violations): void {
    for (const { invariant, message, seq } of others.all) this.add(invariant, message, seq)
  }

  get all(): readonly Violation[] {
    return this.#kept
  }

  count(invariant: InvariantId): number {
    return this.#counts.get(invariant) ?? 0
  }
}
