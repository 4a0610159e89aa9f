/**
 * Speed of the simulator: one whole run of the traffic job with two crashes, from the plan to the verdict; and dispatched
 * events per second. The peer of the second is the bare event queue: what is left when nothing happens in the events.
 */
import { Simulation, generateLines } from 'weirstream/sim'
import type { Plan } from 'weirstream/sim'
import { BUILTIN_JOBS } from '../../lessons/jobs/index.ts'
import { EventQueue } from '../../sim/world/event-queue.ts'
import type { BenchResult } from './bench-result.ts'
import { median, round1, unitsPerSecond } from './measure.ts'

const PLAN: Plan = {
  v: 1,
  job: { builtin: 'traffic-statistics' },
  config: { parallelism: 2 },
  seed: 7,
  input: { generator: 'traffic', params: { records: 10_000 } },
  faults: [
    { kind: 'crash', on: 'worker-1', at: { t: 2500 } },
    { kind: 'crash', on: 'worker-2', at: { t: 5500 } },
  ],
}

const ROUNDS = 15
const WARM_UP = 10

/** `simulate-traffic` in ms and `simulation-events` in events/s. */
export async function benchSimulation(): Promise<BenchResult[]> {
  const job = BUILTIN_JOBS['traffic-statistics']
  if (job === undefined) throw new Error('The traffic job is not among the built-in jobs.')
  const lines = generateLines('traffic', { records: 10_000 }, PLAN.seed)
  const wholeMs: number[] = []
  const rates: number[] = []
  let note = ''
  let dispatched = 0
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const started = performance.now()
    const simulation = new Simulation(job, PLAN, { lines })
    while (simulation.advance(100_000));
    const simulatedAt = performance.now()
    const { summary, verdict } = simulation.result()
    const ended = performance.now()
    dispatched = simulation.dispatched
    if (round < WARM_UP) continue
    wholeMs.push(ended - started)
    rates.push((dispatched / (simulatedAt - started)) * 1000)
    const speed = Math.round(summary.durationMs / (ended - started))
    note = `${verdict.outcome}, ${summary.records} records, ${summary.crashes} crashes, ${summary.checkpoints.completed} checkpoints, ${speed} simulated seconds per second`
  }
  const value = median(rates)
  const queue = await unitsPerSecond([{ name: 'queue', run: () => bareQueue(dispatched * 20) }], 5)
  const bare = queue.get('queue') ?? Number.NaN
  return [
    { name: 'simulate-traffic', value: round1(median(wholeMs)), unit: 'ms', note, peers: [] },
    {
      name: 'simulation-events',
      value: Math.round(value),
      unit: 'events/s',
      note: `${dispatched} events with everything that happens in them, without the verdict`,
      peers: [{ name: 'bare event queue', value: Math.round(bare), ratio: value / bare }],
    },
  ]
}

/** Pops and pushes events that do nothing, with as many in the queue as a run has. */
function bareQueue(events: number): number {
  const queue = new EventQueue()
  let sequence = 0
  const push = (atMicros: number): void => {
    queue.push({
      atMicros,
      sequence: sequence++,
      label: '',
      actor: '',
      cause: -1,
      isCanceled: false,
      action: () => undefined,
    })
  }
  for (let i = 0; i < 100; i++) push(i)
  for (let i = 0; i < events; i++) {
    const event = queue.pop()
    if (event === undefined) break
    event.action()
    push(event.atMicros + 100 + (sequence & 63))
  }
  return events
}
