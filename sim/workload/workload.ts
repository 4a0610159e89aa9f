/**
 * A workload: the lines that are fed to a job's input topics, in order. Files give theirs; generators make them from a
 * seed. The feeder spreads them evenly over the input's duration.
 */
import { ConfigurationError } from '../../engine/errors.ts'
import type { Plan } from '../plan/plan.ts'
import { trafficLines } from './traffic-generator.ts'

/** Generators by the name that a plan uses. */
const GENERATORS: Readonly<
  Record<string, (params: Readonly<Record<string, number>>, seed: number) => string[]>
> = {
  traffic: trafficLines,
}

/** The generator's lines. Throws ConfigurationError for an unknown name or parameter. */
export function generateLines(
  generator: string,
  params: Readonly<Record<string, number>>,
  seed: number,
): string[] {
  const generate = Object.hasOwn(GENERATORS, generator) ? GENERATORS[generator] : undefined
  if (generate === undefined) {
    throw new ConfigurationError(
      'unknown-generator',
      `There is no input generator "${generator}"; there is ${Object.keys(GENERATORS).join(', ')}.`,
    )
  }
  return generate(params, seed)
}

/** The lines of a plan whose input is a generator. Throws ConfigurationError for a file, which must be supplied. */
export function inputLines({ input, seed }: Plan): string[] {
  if ('file' in input) {
    throw new ConfigurationError(
      'input-file-missing',
      `The plan's input is the file "${input.file}" (sha256 ${input.sha256}); open the plan together with it.`,
    )
  }
  return generateLines(input.generator, input.params, seed)
}
