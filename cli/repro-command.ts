/** `weir repro`: reproductions of published claims and measurements, with verdicts, a table and a plot each. */
import { accessSync, constants, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Experiment, ExperimentResult } from '../sim/experiments/experiment.ts'
import { EXPERIMENTS } from '../sim/experiments/index.ts'
import { figureSvg } from '../sim/experiments/plot-figure.ts'
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import type { Command } from './command.ts'
import { errorCode } from './input-file.ts'
import { ProgressLine, bar, paint, print, printBlocks, printJson, table } from './terminal.ts'

export const reproCommand: Command = {
  name: 'repro',
  summary: 'reproductions of published claims, with verdicts, tables and plots',
  positionals: [
    {
      name: 'NAME…',
      isOptional: true,
      isMany: true,
      help: 'which; without a name they are listed',
    },
  ],
  options: {
    all: { type: 'boolean', help: 'run all of them' },
    plots: { type: 'string', value: 'DIR', help: 'where the SVG plots go; default: this folder' },
  },
  examples: ['weir repro', 'weir repro seed-formula --plots /tmp'],
  run: runRepro,
}

async function runRepro(args: Arguments): Promise<number> {
  const wanted = args.flag('all') ? EXPERIMENTS : args.positionals.map(experimentNamed)
  const isJson = args.flag('json')
  if (wanted.length === 0) {
    const list = EXPERIMENTS.map(({ name, summary }) => ({ name, summary }))
    if (isJson) printJson({ experiments: list })
    else print(table(list.map(({ name, summary }) => [name, summary])).join('\n'))
    return 0
  }
  const folder = args.text('plots') ?? '.'
  checkFolder(folder)
  const results = wanted.map((experiment) => {
    const result = runOne(experiment)
    const plot = writePlot(folder, result)
    if (!isJson) printBlocks(resultText(result, plot))
    return { ...result, figure: undefined, plot }
  })
  if (isJson) printJson({ results })
  return results.every(({ verdict }) => verdict === 'reproduced') ? 0 : 1
}

function experimentNamed(name: string): Experiment {
  const found = EXPERIMENTS.find((one) => one.name === name)
  if (found !== undefined) return found
  const names = EXPERIMENTS.map((one) => one.name).join(', ')
  throw usage(`There is no experiment "${name}"; there are ${names}.`)
}

function runOne(experiment: Experiment): ExperimentResult {
  const line = new ProgressLine()
  const result = experiment.run((share) => {
    line.show(() => `${experiment.name} ${bar(share, 24)}`)
  })
  line.clear()
  return result
}

/** Before a minute of computing, not after it. */
function checkFolder(folder: string): void {
  try {
    accessSync(folder, constants.W_OK)
  } catch (error) {
    const code = errorCode(error)
    if (code === undefined) throw error
    throw usage(
      `--plots cannot write to ${folder} (${code}); give a folder that exists and may be written.`,
    )
  }
}

function writePlot(folder: string, { name, figure }: ExperimentResult): string {
  const path = join(folder, `${name}.svg`)
  writeFileSync(path, figureSvg(figure))
  return path
}

function resultText(result: ExperimentResult, plot: string): string[][] {
  const { name, verdict, claims, parameters } = result
  const color = verdict === 'reproduced' ? 'green' : verdict === 'partly' ? 'yellow' : 'red'
  const head = result.table.head.map((title) => paint('dim', title))
  const numbers = result.table.head.map((_, index) => index).slice(1)
  return [
    [paint('bold', name)],
    table([head, ...result.table.rows], numbers).map((row) => `  ${row}`),
    claims.flatMap(({ claim, source, seen, isSeen }) => [
      `  ${isSeen ? paint('green', 'seen') : paint('red', 'not seen')}  ${claim}: ${seen}`,
      `        ${paint('dim', source)}`,
    ]),
    parameters.map((one) => `  ${paint('dim', one)}`),
    [`  verdict  ${paint(color, paint('bold', verdict))}`, `  plot     ${plot}`],
  ]
}
