/** `weir ui`: serves the page, with a job module and an input file of the user's own if they are given. */
import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { JOB_POSITIONAL, loadJob } from './job-module.ts'
import { PORT_OPTION, readPort, servePage } from './page-server.ts'
import { PAGE_PORT, linkOf } from './replay.ts'
import { INPUT_OPTION, newPlan, readInput } from './run-request.ts'
import { paint, print, printJson } from './terminal.ts'

export const uiCommand: Command = {
  name: 'ui',
  summary: 'serves the page that shows runs',
  positionals: [{ ...JOB_POSITIONAL, isOptional: true }],
  options: {
    input: { ...INPUT_OPTION, help: 'a file that links to runs on it need' },
    port: {
      ...PORT_OPTION,
      help: `the port of 127.0.0.1; default: ${PAGE_PORT}, to which links point, or a free one`,
    },
  },
  examples: ['weir ui', 'weir ui job.ts --input access.log'],
  run: runUi,
}

async function runUi(args: Arguments): Promise<number> {
  const port = readPort(args)
  const input = readInput(args)
  const argument = args.positionals[0]
  const job = argument === undefined ? null : await loadJob(argument)
  const server = await servePage({ port, preferredPort: PAGE_PORT, job, input })
  // Without a link the page would open its own first run, not that of the job asked for.
  const plan = job === null ? null : newPlan(job, input, { faults: [] })
  const url = plan === null ? server.url : await linkOf(plan, null, server.url)
  if (args.flag('json')) printJson({ url })
  else print(`The page is at ${paint('cyan', url)} (end with Ctrl-C).`)
  await server.untilSignal()
  return 0
}
