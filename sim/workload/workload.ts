/**
 * A workload: what is fed to a job's input topics, in order. Lines go to all of them; records name theirs. Files give
 * lines; generators make lines or records from a seed. The feeder spreads them evenly over the input's duration.
 */
import { ConfigurationError } from '../../engine/errors.ts'
import type { Job } from '../../engine/job/define-job.ts'
import { kafkaSourcesIn, readsTopic } from '../../engine/source/source-spec.ts'
import type { Plan, PlanInput } from '../plan/plan.ts'
import { BID_TOPICS, bidStream } from './bid-stream.ts'
import { CARD_TRANSACTION_TOPICS, cardTransactions } from './card-transactions.ts'
import type { WorkloadRecord } from './event-workload.ts'
import { FLOW_TOPICS, flowRecords } from './flow-records.ts'
import { ORDER_TOPICS, orderEvents } from './order-events.ts'
import { PAGE_VIEW_TOPICS, pageViews } from './page-views.ts'
import type { Parameters } from './parameters.ts'
import { SENSOR_TOPICS, sensorReadings } from './sensor-readings.ts'
import { trafficLines } from './traffic-generator.ts'

/** A line for every input topic, or a record for one. */
export type WorkloadItem = string | WorkloadRecord

export interface InputSize {
  /** The parameter that makes an input large. */
  readonly parameter: string
  /** What it is if not given. */
  readonly usual: number
  /** Other parameters, as they suit a small input. */
  readonly small: Parameters
}

interface Generator {
  /** The topics that it feeds; none: whatever the job reads. */
  readonly topics: readonly string[]
  readonly size: InputSize
  generate(params: Parameters, seed: number): readonly WorkloadItem[]
}

/** Generators by the name that a plan uses. */
const GENERATORS: Readonly<Record<string, Generator>> = {
  traffic: {
    topics: [],
    size: { parameter: 'records', usual: 10_000, small: {} },
    generate: trafficLines,
  },
  'page-views': {
    topics: PAGE_VIEW_TOPICS,
    size: { parameter: 'records', usual: 1500, small: { visitors: 8 } },
    generate: pageViews,
  },
  'card-transactions': {
    topics: CARD_TRANSACTION_TOPICS,
    size: { parameter: 'records', usual: 1500, small: { cards: 8 } },
    generate: cardTransactions,
  },
  'flow-records': {
    topics: FLOW_TOPICS,
    size: { parameter: 'records', usual: 1500, small: { sources: 6 } },
    generate: flowRecords,
  },
  'sensor-readings': {
    topics: SENSOR_TOPICS,
    size: { parameter: 'records', usual: 1400, small: { devices: 2 } },
    generate: sensorReadings,
  },
  'order-events': {
    topics: ORDER_TOPICS,
    size: { parameter: 'orders', usual: 600, small: {} },
    generate: orderEvents,
  },
  'bid-stream': {
    topics: BID_TOPICS,
    size: { parameter: 'auctions', usual: 700, small: { campaigns: 3 } },
    generate: bidStream,
  },
}

/** By what an input of the generator becomes small; undefined for a generator that there is not. */
export function findInputSize(generator: string): InputSize | undefined {
  return Object.hasOwn(GENERATORS, generator) ? GENERATORS[generator]?.size : undefined
}

/** The input of a plan that names none: the generator whose topics the job reads, else `traffic`. */
export function defaultInput({ graph }: Job): PlanInput {
  const read = graph.nodes.flatMap(({ work }) =>
    work.type === 'source' ? kafkaSourcesIn(work.source) : [],
  )
  const fits = Object.entries(GENERATORS).find(([, { topics }]) =>
    topics.some((topic) => read.some((source) => readsTopic(source, topic))),
  )
  return { generator: fits?.[0] ?? 'traffic', params: {} }
}

/** What the generator makes. Throws ConfigurationError for an unknown name or parameter. */
export function generateLines(
  generator: string,
  params: Parameters,
  seed: number,
): readonly WorkloadItem[] {
  const found = Object.hasOwn(GENERATORS, generator) ? GENERATORS[generator] : undefined
  if (found === undefined) {
    throw new ConfigurationError(
      'unknown-generator',
      `There is no input generator "${generator}"; there is ${Object.keys(GENERATORS).join(', ')}.`,
    )
  }
  return found.generate(params, seed)
}

/** The input of a plan that is a generator. Throws ConfigurationError for a file, which must be supplied. */
export function inputLines({ input, seed }: Plan): readonly WorkloadItem[] {
  if ('file' in input) {
    throw new ConfigurationError(
      'input-file-missing',
      `The plan's input is the file "${input.file}" (sha256 ${input.sha256}); open the plan together with it.`,
    )
  }
  return generateLines(input.generator, input.params, seed)
}
