/**
 * The words behind a command's name, read by node:util's parseArgs. Whatever is wrong with them becomes one sentence:
 * what was given, what is allowed, how to put it right.
 */
import { parseArgs } from 'node:util'
import { ConfigurationError } from '../engine/errors.ts'
import { COMMON_OPTIONS } from './command.ts'
import type { Command, OptionSpec } from './command.ts'

type Value = string | boolean | readonly (string | boolean)[] | undefined

export class Arguments {
  readonly #values: Readonly<Record<string, Value>>
  readonly positionals: readonly string[]

  constructor(values: Readonly<Record<string, Value>>, positionals: readonly string[]) {
    this.#values = values
    this.positionals = positionals
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  /** Every value of an option that may be given several times. */
  texts(name: string): string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? value.map(String) : []
  }

  /** A whole number in the range, or undefined when the option was not given. */
  integer(name: string, least: number, most: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw usage(`--${name} is "${text}"; it must be a whole number from ${least} to ${most}.`)
  }
}

/** Reads what stands behind the command's name. Throws ConfigurationError. */
export function readArguments(command: Command, given: readonly string[]): Arguments {
  const specs = { ...COMMON_OPTIONS, ...command.options }
  const { values, positionals } = parseStrictly(command, specs, given)
  const args = new Arguments(values, positionals)
  if (!args.flag('help')) checkPositionals(command, positionals)
  return args
}

/** Wrong usage: exit code 2. */
export function usage(sentence: string): ConfigurationError {
  return new ConfigurationError('usage', sentence)
}

type Parsed = { readonly values: Readonly<Record<string, Value>>; readonly positionals: string[] }

function parseStrictly(
  command: Command,
  specs: Readonly<Record<string, OptionSpec>>,
  given: readonly string[],
): Parsed {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, multiple }]) => [
      name,
      {
        type,
        ...(multiple === true ? { multiple } : {}),
        ...(name === 'help' ? { short: 'h' } : {}),
      },
    ]),
  )
  try {
    return parseArgs({ args: [...given], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw refusal(command, specs, given, error)
  }
}

function refusal(
  command: Command,
  specs: Readonly<Record<string, OptionSpec>>,
  given: readonly string[],
  error: unknown,
): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  // Node's sentences name the option in quotes, with its short form before it and its value behind it.
  const option = /'(?:-\w, )?(-[^\s']*)[^']*'/.exec(error.message)?.[1] ?? ''
  const spec = specs[option.replace(/^--/, '')]
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const known = Object.keys(specs).map((name) => `--${name}`)
    return usage(`${command.name} has no option ${option}; it has ${known.join(', ')}.`)
  }
  if (error.code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' && spec !== undefined) {
    if (spec.type === 'boolean') return usage(`${option} takes no value: write ${option}.`)
    const next = given[given.indexOf(option) + 1]
    const what = next === undefined ? 'needs a value' : `needs a value, and "${next}" is none`
    return usage(`${option} ${what}: write ${option} ${spec.value ?? 'VALUE'} (${spec.help}).`)
  }
  return usage(error.message.replaceAll(/\s+/g, ' '))
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const { name, positionals } = command
  const missing = positionals[given.length]
  if (missing !== undefined && missing.isOptional !== true) {
    throw usage(`${name} needs ${missing.name}: the ${missing.help}; see weir ${name} --help.`)
  }
  const surplus = given[positionals.length]
  if (surplus === undefined || positionals.at(-1)?.isMany === true) return
  const allowed = positionals.map((positional) => positional.name).join(' ') || 'options only'
  throw usage(`${name} takes ${allowed}; "${surplus}" is too much, see weir ${name} --help.`)
}
