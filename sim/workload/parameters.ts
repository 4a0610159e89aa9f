/** The parameters of a generator: what a plan gives, laid over the generator's defaults. */
import { ConfigurationError } from '../../engine/errors.ts'

export type Parameters = Readonly<Record<string, number>>

/** Throws ConfigurationError for a parameter that the generator does not have. */
export function parametersOf<D extends Parameters>(
  generator: string,
  defaults: D,
  params: Parameters,
): Readonly<Record<keyof D, number>> {
  for (const name of Object.keys(params)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new ConfigurationError(
        'unknown-parameter',
        `The generator "${generator}" has no parameter "${name}"; it has ${Object.keys(defaults).join(', ')}.`,
      )
    }
  }
  return { ...defaults, ...params }
}
