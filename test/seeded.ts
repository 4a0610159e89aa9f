/** Parameters of a fast-check run: the seed is fixed, or comes from WEIR_SEED. */
export const SEED = Number(process.env['WEIR_SEED'] ?? 20_261_123)

export function seeded(numRuns = 100): { seed: number; numRuns: number } {
  return { seed: SEED, numRuns }
}
