/** What a command of `weir` is: its words for the help, its options, and what it does. */
import type { Arguments } from './arguments.ts'

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  /** May be given several times. */
  readonly multiple?: true
  /** How the help names the value: `N`, `FILE`. */
  readonly value?: string
  readonly help: string
}

export interface PositionalSpec {
  readonly name: string
  readonly isOptional?: true
  /** The last one may be given any number of times. */
  readonly isMany?: true
  readonly help: string
}

export interface Command {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  readonly positionals: readonly PositionalSpec[]
  /** Besides `--json` and `--help`, which every command takes. */
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly examples: readonly string[]
  /** Resolves to the exit code: 0 passed, 1 violated. Throws ConfigurationError for wrong usage. */
  readonly run: (args: Arguments) => Promise<number>
}

export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', help: 'print one JSON document on standard output, and nothing else' },
  help: { type: 'boolean', help: 'print this' },
}
