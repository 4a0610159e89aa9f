/** `weir bench`: prints what the benchmarks measure, each figure beside its peers. */
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import type { BenchResult } from './bench/bench-result.ts'
import type { Command } from './command.ts'
import { errorCode } from './input-file.ts'
import { figure, paint, print, printJson, table } from './terminal.ts'

export const benchCommand: Command = {
  name: 'bench',
  summary: 'throughput, checkpoints, restore, simulation, each beside its peers in the same run',
  positionals: [
    { name: 'NAME…', isOptional: true, isMany: true, help: 'what to measure; default: all' },
  ],
  options: {},
  examples: ['weir bench', 'weir bench keyed-sum --json'],
  run: runBenchCommand,
}

async function runBenchCommand(args: Arguments): Promise<number> {
  const { BENCH_NAMES, runBench } = await loadBench()
  const names = args.positionals
  const unknown = names.find((name) => !BENCH_NAMES.includes(name))
  if (unknown !== undefined) {
    throw usage(`There is no benchmark "${unknown}"; there are ${BENCH_NAMES.join(', ')}.`)
  }
  const isJson = args.flag('json')
  const report = await runBench(names, (result) => {
    if (!isJson) print(resultText(result).join('\n'))
  })
  if (isJson) printJson(report)
  else print(`${report.machine.cpu}, ${report.machine.cores} cores, Node ${report.machine.node}`)
  return 0
}

type Bench = typeof import('./bench/bench-command.ts')

async function loadBench(): Promise<Bench> {
  try {
    return await import('./bench/bench-command.ts')
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    throw usage('The peers to measure against are not installed; run weir bench in the repository.')
  }
}

function resultText({ name, value, unit, peers, note }: BenchResult): string[] {
  const rows = [
    [`  ${paint('bold', name)}`, figure(value), unit, ''],
    ...peers.map((peer) => [
      `    ${peer.name}`,
      figure(peer.value),
      unit,
      `${peer.ratio.toFixed(2)} ×`,
    ]),
  ]
  return [...table(rows, [1, 3]), `    ${paint('dim', note)}`, '']
}
