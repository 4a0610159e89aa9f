/** What a function takes out of its context works as it does inside. */
import { expect, test } from 'vitest'
import {
  begin,
  forMonotonousTimestamps,
  generatorSource,
  outputTag,
  tumblingEventTimeWindows,
} from '../../../engine/index.ts'
import type { DataStream, KeyedStream } from '../../../engine/index.ts'
import { collectSink, CollectedResults, defineJob } from '../../../engine/index.ts'
import { runLocally } from '../../../engine/node/local-world.ts'

const side = outputTag<string>('side')

/** What a function emitted, to the main output and to the side. */
async function emitted(
  build: (keyed: KeyedStream<number, string>) => DataStream<string>,
): Promise<readonly string[]> {
  const results = new CollectedResults<string>()
  const job = defineJob('Taken', {}, (env) => {
    const watermarks = forMonotonousTimestamps<number>({ timestampAssigner: (n) => n })
    const out = build(
      env
        .fromSource(
          generatorSource(1, () => 7),
          { watermarks },
        )
        .keyBy(() => 'k'),
    )
    out.union(out.sideOutput(side)).sinkTo(collectSink(results))
  })
  await runLocally(job)
  return results.values.toSorted()
}

const both = ['main k', 'side k']

test('of a process function', async () => {
  const values = await emitted((keyed) =>
    keyed.process<string>((_, { key, collect, output }) => {
      collect(`main ${key}`)
      output(side, `side ${key}`)
    }),
  )
  expect(values).toEqual(both)
})

test('of a window function', async () => {
  const values = await emitted((keyed) =>
    keyed
      .window(tumblingEventTimeWindows({ sizeMs: 10 }))
      .process<string>((_, { key, collect, output, processingTime }) => {
        if (processingTime() >= 0) collect(`main ${key}`)
        output(side, `side ${key}`)
      }),
  )
  expect(values).toEqual(both)
})

test('of an interval join', async () => {
  const values = await emitted((keyed) =>
    keyed
      .intervalJoin(keyed, { lowerBoundMs: 0, upperBoundMs: 0 })
      .process<string>((_, __, { key, collect, output }) => {
        collect(`main ${key}`)
        output(side, `side ${key}`)
      }),
  )
  expect(values).toEqual(both)
})

test('of a function on matches', async () => {
  const values = await emitted((keyed) =>
    keyed.pattern<string>(
      begin<number>('one').where((n) => n === 7),
      {
        process: (match, { collect, output }) => {
          if (match.has('one')) collect('main k')
          output(side, 'side k')
        },
      },
    ),
  )
  expect(values).toEqual(both)
})
