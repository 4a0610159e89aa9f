/** The shape of `weir bench --json`. */

export interface BenchPeer {
  readonly name: string
  readonly value: number
  /** Ours divided by the peer's. */
  readonly ratio: number
}

export interface BenchResult {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly peers: readonly BenchPeer[]
  /** What exactly was measured. */
  readonly note: string
}
