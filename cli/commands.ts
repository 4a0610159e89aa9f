/** The commands of `weir`, in the order of the help. Each is loaded when it is called. */
import type { Command } from './command.ts'

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo-command.ts')).demoCommand,
  simulate: async () => (await import('./simulate-command.ts')).simulateCommand,
  fuzz: async () => (await import('./fuzz-command.ts')).fuzzCommand,
  mutants: async () => (await import('./mutants-command.ts')).mutantsCommand,
  state: async () => (await import('./state-command.ts')).stateCommand,
  repro: async () => (await import('./repro-command.ts')).reproCommand,
  plan: async () => (await import('./plan-command.ts')).planCommand,
  bench: async () => (await import('./bench-command.ts')).benchCommand,
  ui: async () => (await import('./ui-command.ts')).uiCommand,
  help: async () => (await import('./help-command.ts')).helpCommand,
}

export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS)

/** The command of that name, if there is one. */
export async function findCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]?.() : undefined
}

export async function allCommands(): Promise<Command[]> {
  return await Promise.all(Object.values(COMMANDS).map((load) => load()))
}
