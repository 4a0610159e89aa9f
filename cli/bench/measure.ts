/** Fair timing inside one process: alternate the candidates, several rounds each after a warm-up, report medians. */

export interface Candidate {
  readonly name: string
  /** Does the work once and returns how many units it did. */
  readonly run: () => number | Promise<number>
}

/** Median units per second of each candidate, by name; rounds alternate so that a drifting machine hits all alike. */
export async function unitsPerSecond(
  candidates: readonly Candidate[],
  rounds: number,
): Promise<ReadonlyMap<string, number>> {
  const rates = new Map<string, number[]>(candidates.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run } of candidates) {
      const started = performance.now()
      const units = await run()
      const seconds = (performance.now() - started) / 1000
      // Round 0 warms up.
      if (round > 0) rates.get(name)?.push(units / seconds)
    }
  }
  return new Map([...rates].map(([name, values]) => [name, median(values)]))
}

export function round1(value: number): number {
  return Math.round(value * 10) / 10
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
