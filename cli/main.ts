/**
 * The `weir` command: runs what `process.argv` says, when this module is imported. Wrong usage ends in one sentence on
 * standard error and exit code 2; an error that is a bug of Weir keeps its stack.
 */
import { readFileSync } from 'node:fs'
import { ConfigurationError } from '../engine/errors.ts'
import { readArguments } from './arguments.ts'
import { findCommand } from './commands.ts'
import { printHelp, printOverview, unknownCommand } from './help-command.ts'
import { errorCode } from './input-file.ts'
import { notice, print, printJson } from './terminal.ts'

process.stdout.on('error', (error) => {
  // Whoever read the output has seen enough (`weir … | head`).
  if (errorCode(error) === 'EPIPE') process.exit()
  throw error
})
process.exitCode = await runWeir(process.argv.slice(2))

async function runWeir(given: readonly string[]): Promise<number> {
  try {
    return await runCommand(given)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    notice(error.message.replaceAll(/\s*\n\s*/g, ' '))
    return 2
  }
}

async function runCommand(given: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = given
  const isJson = given.includes('--json')
  if (name === '--version') {
    if (isJson) printJson({ version: version() })
    else print(version())
    return 0
  }
  if (name === '--help' || name === '-h' || given.every((word) => word === '--json')) {
    await printOverview(isJson)
    return 0
  }
  const command = await findCommand(name)
  if (command === undefined) throw unknownCommand(name)
  const args = readArguments(command, rest)
  if (!args.flag('help')) return await command.run(args)
  printHelp(command, args.flag('json'))
  return 0
}

function version(): string {
  const manifest = new URL(import.meta.resolve('weirstream/package.json'))
  const { version }: { readonly version: string } = JSON.parse(readFileSync(manifest, 'utf8'))
  return version
}
