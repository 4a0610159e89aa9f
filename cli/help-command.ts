/** `weir help`: what `weir` can do, and each command's own help. */
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import { COMMON_OPTIONS } from './command.ts'
import type { Command } from './command.ts'
import { COMMAND_NAMES, allCommands, findCommand } from './commands.ts'
import { paint, print, printJson, table } from './terminal.ts'

export const helpCommand: Command = {
  name: 'help',
  summary: 'prints this, or the help of a command',
  positionals: [{ name: 'COMMAND', isOptional: true, help: 'the command to explain' }],
  options: {},
  examples: ['weir help', 'weir help simulate'],
  run: runHelp,
}

async function runHelp(args: Arguments): Promise<number> {
  const name = args.positionals[0]
  if (name === undefined) {
    await printOverview(args.flag('json'))
    return 0
  }
  const command = await findCommand(name)
  if (command === undefined) throw unknownCommand(name)
  printHelp(command, args.flag('json'))
  return 0
}

/** The sentence for a command that there is not. */
export function unknownCommand(name: string): Error {
  return usage(`There is no command "${name}"; there are ${COMMAND_NAMES.join(', ')}.`)
}

/** The help of one command. */
export function printHelp(command: Command, isJson: boolean): void {
  if (isJson) printJson(helpJson(command))
  else print(helpText(command).join('\n'))
}

/** All commands, one line each. */
export async function printOverview(isJson: boolean): Promise<void> {
  const commands = await allCommands()
  if (isJson) {
    printJson({ commands: commands.map(helpJson) })
    return
  }
  const rows = commands.map((command) => [`  ${paint('bold', usageOf(command))}`, command.summary])
  print(
    [
      'A stream processor whose every run can be replayed, broken on purpose, checked and looked at.',
      '',
      ...table(rows),
      '',
      'Every command takes --json and --help; weir --version prints the version.',
      'Exit codes: 0 passed, 1 violated, 2 wrong usage.',
    ].join('\n'),
  )
}

function helpJson(command: Command): object {
  const { name, summary, positionals, options, examples } = command
  return {
    name,
    summary,
    usage: `${usageOf(command)} [options]`,
    positionals,
    options: Object.entries({ ...options, ...COMMON_OPTIONS }).map(([option, spec]) => ({
      option: `--${option}`,
      ...spec,
    })),
    examples,
  }
}

function helpText(command: Command): string[] {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS })
  const rows = [
    ...command.positionals.map(({ name, help }) => [`  ${name}`, help]),
    ...options.map(([name, { value, help }]) => [
      `  --${name}${value === undefined ? '' : ` ${value}`}`,
      help,
    ]),
  ]
  return [
    `${paint('bold', usageOf(command))} [options]`,
    `  ${command.summary}`,
    '',
    ...table(rows),
    '',
    paint('dim', 'for example'),
    ...command.examples.map((example) => `  ${example}`),
  ]
}

function usageOf({ name, positionals }: Command): string {
  const words = positionals.map((positional) =>
    positional.isOptional === true ? `[${positional.name}]` : positional.name,
  )
  return ['weir', name, ...words].join(' ')
}
