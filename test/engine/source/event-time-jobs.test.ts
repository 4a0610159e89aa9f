/** Event time of sources in whole jobs: per-split watermarks, idleness, alignment, hybrid switches, custom sources. */
import { describe, expect, test } from 'vitest'
import {
  collectSink,
  CollectedResults,
  collectionSource,
  customSource,
  defineJob,
  forGenerator,
  forMonotonousTimestamps,
  hybridSource,
  kafkaSource,
  text,
  tumblingEventTimeWindows,
} from '../../../engine/index.ts'
import type {
  CustomSourceReader,
  DataStream,
  Job,
  JobOptions,
  RuntimeMode,
  Source,
  WatermarkStrategy,
  WatermarkStrategyOptions,
} from '../../../engine/index.ts'
import { SourceWorld } from './source-world.ts'

const OPTIONS: JobOptions = { parallelism: 1, autoWatermarkIntervalMs: 10 }

const topics = (...names: string[]) => kafkaSource({ topics: names, groupId: 'g', value: text })

/** A watermark for every record: what is read is known at once. */
function everyRecord(options: WatermarkStrategyOptions<unknown> = {}): WatermarkStrategy<unknown> {
  return forGenerator(
    () => ({
      onEvent: (_value, timestamp, output) => {
        output.emitWatermark(timestamp)
      },
      onPeriodicEmit: () => undefined,
    }),
    options,
  )
}

/** Counts in windows of 100 ms; a result is `start: count`. */
function counting<T>(
  source: Source<T>,
  watermarks: WatermarkStrategy<T> | undefined,
  results: CollectedResults<string>,
  options: JobOptions = {},
): Job {
  return defineJob('Counting', { ...OPTIONS, ...options }, (env) => {
    const stream: DataStream<T> = env.fromSource(
      source,
      watermarks === undefined ? {} : { watermarks },
    )
    stream
      .keyBy(() => 'all')
      .window(tumblingEventTimeWindows({ sizeMs: 100 }))
      .process<string>((values, context) => {
        context.collect(`${context.window.start}: ${[...values].length}`)
      })
      .sinkTo(collectSink(results))
  })
}

describe('splits', () => {
  test('the slowest partition decides, although records of the other are far ahead', () => {
    const results = new CollectedResults<string>()
    const world = new SourceWorld(counting(topics('in'), forMonotonousTimestamps(), results), {
      in: 2,
    })
    world.append('in', 0, 10, 20, 950).append('in', 1, 30)
    world.run(800)
    expect(results.values).toEqual([])
    world.append('in', 1, 90, 130)
    world.run(1600)
    expect(results.values).toEqual(['0: 4'])
  })

  test.each([
    ['an empty partition holds everything back', {}, []],
    ['with idleness it does not', { idlenessMs: 50 }, ['0: 2', '100: 1']],
  ])('%s', (_name, options, expected) => {
    const results = new CollectedResults<string>()
    const world = new SourceWorld(
      counting(topics('in'), forMonotonousTimestamps(options), results, { parallelism: 2 }),
      { in: 3 },
    )
    world.append('in', 0, 10, 20, 130, 250)
    world.run(2000)
    expect(results.values).toEqual(expected)
  })

  test('idle partitions change nothing of a bounded input, nor does batch mode', () => {
    const counted = (partitions: number, runtimeMode: RuntimeMode): readonly string[] => {
      const results = new CollectedResults<string>()
      const source = kafkaSource({
        topics: ['in'],
        groupId: 'g',
        value: text,
        stoppingOffsets: 'latest',
      })
      const world = new SourceWorld(
        counting(source, forMonotonousTimestamps(), results, { parallelism: 2, runtimeMode }),
        { in: partitions },
      )
      world.append('in', 0, 10, 20, 130, 250).run()
      expect(world.status, world.reason).toBe('finished')
      return results.values
    }
    expect(counted(1, 'streaming')).toEqual(['0: 2', '100: 1', '200: 1'])
    expect(counted(4, 'streaming')).toEqual(counted(1, 'streaming'))
    expect(counted(4, 'batch')).toEqual(counted(1, 'streaming'))
  })
})

describe('alignment', () => {
  const DRIFT_MS = 50
  const alignment = { group: 'all', maxDriftMs: DRIFT_MS, updateIntervalMs: 10 }

  /** How far a fast source is ahead of a slow one, whose event time goes on with the clock. */
  function aheadOf(strategy: WatermarkStrategy<unknown>, isOneSource: boolean): number[] {
    const ahead: number[] = []
    let slow = 0
    const note = (value: string, topic: string): void => {
      if (topic === 'slow') slow = Number(value)
      // Nobody waits before the first announcement.
      else if (slow > 200) ahead.push(Number(value) - slow)
    }
    const job = defineJob('Aligned', OPTIONS, (env) => {
      for (const names of isOneSource ? [['fast', 'slow']] : [['fast'], ['slow']]) {
        env
          .fromSource(topics(...names), { watermarks: strategy })
          .map(({ value, topic }) => {
            note(value, topic)
            return value
          })
          .sinkTo(collectSink(new CollectedResults<string>()))
      }
    })
    const world = new SourceWorld(job, { fast: 1, slow: 1 })
    for (let ms = 20; ms < 1000; ms += 10) {
      world.at(ms, () => world.append('slow', 0, ms).append('fast', 0, ms * 4, ms * 4 + 20))
    }
    world.run(1500)
    return ahead
  }

  test.each([
    ['sources of a group wait for the slowest', false],
    ['splits of one source wait for the slowest', true],
  ])('%s', (_name, isOneSource) => {
    const free = aheadOf(everyRecord(), isOneSource)
    expect(Math.max(...free)).toBeGreaterThan(1000)
    const aligned = aheadOf(everyRecord({ alignment }), isOneSource)
    expect(aligned.length).toBeGreaterThan(20)
    // One record may go beyond the bound; fast ones are up to 20 ms apart.
    expect(Math.max(...aligned)).toBeLessThanOrEqual(DRIFT_MS + 20)
  })

  test('a source that has ended holds nobody back', () => {
    const results = new CollectedResults<string>()
    const job = defineJob('Aligned', OPTIONS, (env) => {
      for (const [source, name] of [
        [collectionSource(['1', '2'], { timestamps: Number }), 'short'],
        [collectionSource(['1000', '2000', '3000'], { timestamps: Number }), 'long'],
      ] as const) {
        env
          .fromSource(source, { uid: name, watermarks: everyRecord({ alignment }) })
          .sinkTo(collectSink(results))
      }
    })
    const world = new SourceWorld(job, {}).run(5000)
    expect(world.status, world.reason).toBe('finished')
    expect(results.values).toHaveLength(5)
  })
})

describe('hybrid sources', () => {
  test('may be a batch when all their parts end', () => {
    const results = new CollectedResults<string>()
    const source = hybridSource({
      sources: [
        collectionSource([210, 20], { timestamps: (value) => value }),
        collectionSource([10, 130], { timestamps: (value) => value }),
      ],
    })
    const job = counting(source, forMonotonousTimestamps(), results, { runtimeMode: 'batch' })
    const world = new SourceWorld(job, {}).run()
    expect(world.status, world.reason).toBe('finished')
    expect(results.values).toEqual(['0: 2', '100: 1', '200: 1'])
  })

  test('a subtask that gets nothing of the next source is idle after the switch', () => {
    const results = new CollectedResults<string>()
    const source = hybridSource({
      sources: [collectionSource([10, 20, 30, 40], { timestamps: (value) => value }), topics('in')],
    })
    const strategy = everyRecord({ idlenessMs: 50 })
    const job = counting(source, strategy, results, { parallelism: 2 })
    const world = new SourceWorld(job, { in: 1 })
    world.append('in', 0, 140, 210).run(1000)
    expect(results.values).toEqual(['0: 4', '100: 1'])
  })

  test('event time does not jump to its end at the switch', () => {
    const results = new CollectedResults<string>()
    const source = hybridSource({
      sources: [collectionSource([10, 20, 130], { timestamps: (value) => value }), topics('in')],
    })
    const world = new SourceWorld(counting(source, everyRecord(), results), { in: 1 })
    world.run(500)
    expect(results.values, 'the window of 130 is open').toEqual(['0: 2'])
    world.append('in', 0, 140, 210)
    world.run(1000)
    expect(results.values).toEqual(['0: 2', '100: 2'])
  })
})

describe('custom sources', () => {
  /** Emits the numbers and after each a watermark; its snapshot is its position. */
  function scripted(values: readonly number[]): Source<number> {
    return customSource<number>({
      name: 'script',
      isBounded: true,
      emitsWatermarks: true,
      createReader: (context, restored): CustomSourceReader<number> => {
        const [position] = (restored ?? [0]) as readonly number[]
        let next = position ?? 0
        let isDue = false
        const wait = (): void => {
          context.schedule(20, () => {
            isDue = true
          })
        }
        wait()
        return {
          poll: (output) => {
            if (!isDue) return 'idle'
            isDue = false
            const value = values[next]
            if (value === undefined) return 'finished'
            output.emit(value, value)
            output.emitWatermark(value)
            next += 1
            wait()
            return 'emitted'
          },
          snapshot: () => [next],
        }
      },
    })
  }

  test.each([0, 150, 250, 350])('go on from their snapshot (crash at %i ms)', (crashAt) => {
    const results = new CollectedResults<string>()
    const values = Array.from({ length: 30 }, (_, i) => i * 20)
    const world = new SourceWorld(counting(scripted(values), undefined, results), {})
    if (crashAt > 0) world.at(crashAt, () => world.crash('worker-1'))
    world.run(5000)
    expect(world.status, world.reason).toBe('finished')
    expect(results.values.toSorted()).toEqual(
      [0, 100, 200, 300, 400, 500].map((start) => `${start}: 5`),
    )
  })
})
