/**
 * Least, most, mean and percentiles of some values, as Flink's REST interface tells them (StatsSummaryDto). Percentiles
 * are interpolated between ranks as in Apache Commons Math, which Flink uses: of n sorted values, p stands at rank
 * p·(n+1)/100, counted from 1. Without values everything is 0.
 */

export interface Distribution {
  readonly min: number
  readonly max: number
  readonly avg: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
}

export function distributionOf(values: readonly number[]): Distribution {
  const sorted = values.toSorted((a, b) => a - b)
  const total = sorted.reduce((sum, value) => sum + value, 0)
  return {
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    avg: sorted.length === 0 ? 0 : total / sorted.length,
    p50: percentile(sorted, 50),
    p90: percentile(sorted, 90),
    p95: percentile(sorted, 95),
    p99: percentile(sorted, 99),
    p999: percentile(sorted, 99.9),
  }
}

function percentile(sorted: readonly number[], percent: number): number {
  const rank = (percent / 100) * (sorted.length + 1)
  const below = Math.floor(rank)
  if (below < 1) return sorted[0] ?? 0
  if (below >= sorted.length) return sorted.at(-1) ?? 0
  const lower = sorted[below - 1] ?? 0
  const upper = sorted[below] ?? 0
  return lower + (rank - below) * (upper - lower)
}
