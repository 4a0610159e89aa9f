/** Methods of streams that no other test runs: what comes out, and on which subtask. */
import { expect, test } from 'vitest'
import { collectSink, CollectedResults, defineJob, generatorSource } from '../../../engine/index.ts'
import type { DataStream, ProcessFunction, StreamEnvironment } from '../../../engine/index.ts'
import { runLocally } from '../../../engine/node/local-world.ts'

const numbers = generatorSource(7, (n) => n)

async function collected<T>(
  build: (env: StreamEnvironment) => DataStream<T>,
): Promise<readonly T[]> {
  const results = new CollectedResults<T>()
  await runLocally(
    defineJob('Methods', {}, (env) => {
      build(env).sinkTo(collectSink(results))
    }),
  )
  return results.values
}

test('a count window fires at every so many values of a key, and drops the rest', async () => {
  const sums = await collected((env) =>
    env
      .fromSource(numbers)
      .keyBy(() => 'k')
      .countWindow(3)
      .reduce((a, b) => a + b),
  )
  expect(sums).toEqual([0 + 1 + 2, 3 + 4 + 5])
})

test('a sliding count window fires every so many values, over the last of them', async () => {
  const lists = await collected((env) =>
    env
      .fromSource(numbers)
      .keyBy(() => 'k')
      .countWindow(3, 2)
      .process<string>((values, { collect }) => {
        collect([...values].join())
      }),
  )
  expect(lists).toEqual(['0,1', '1,2,3', '3,4,5'])
})

test('two connected streams are mapped and flat-mapped each in its own way', async () => {
  const words = generatorSource(2, (n) => `w${n}`)
  const mapped = await collected((env) =>
    env
      .fromSource(numbers)
      .connect(env.fromSource(words))
      .map(
        (n) => `n${n}`,
        (word) => word.toUpperCase(),
      ),
  )
  expect(mapped.toSorted()).toEqual(['W0', 'W1', 'n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6'])
  const flat = await collected((env) =>
    env
      .fromSource(numbers)
      .connect(env.fromSource(words))
      .flatMap(
        (n) => (n === 6 ? ['six'] : []),
        (word) => [word, word],
      ),
  )
  expect(flat.toSorted()).toEqual(['six', 'w0', 'w0', 'w1', 'w1'])
})

function ascending(a: number, b: number): number {
  return a - b
}

/** What each subtask of a consumer with three got, in ascending order; those that got nothing are left out. */
async function dealtOut(
  deal: (stream: DataStream<number>) => DataStream<number>,
): Promise<readonly (readonly number[])[]> {
  let copies = 0
  const tagging = (): ProcessFunction<number, readonly [id: number, n: number]> => {
    const id = copies++
    return {
      copy: tagging,
      processElement(n, { collect }) {
        collect([id, n])
      },
    }
  }
  const tagged = await collected((env) =>
    deal(env.fromSource(numbers)).process(tagging(), { parallelism: 3 }),
  )
  const ids = [...new Set(tagged.map(([id]) => id))]
  const shares = ids.map((id) => tagged.filter(([other]) => other === id).map(([, n]) => n))
  return shares
    .map((share) => share.toSorted(ascending))
    .toSorted(([a = 0], [b = 0]) => ascending(a, b))
}

test('global sends everything to one subtask', async () => {
  expect(await dealtOut((stream) => stream.global())).toEqual([[0, 1, 2, 3, 4, 5, 6]])
})

test('a custom partitioner decides by the key', async () => {
  const shares = await dealtOut((stream) =>
    stream.partitionCustom(
      (key: number, channels) => key % channels,
      (n) => n,
    ),
  )
  expect(shares).toEqual([
    [0, 3, 6],
    [1, 4],
    [2, 5],
  ])
})

test('shuffle sends every value to one subtask, broadcast to each', async () => {
  const shuffled = await dealtOut((stream) => stream.shuffle())
  expect(shuffled.flat().toSorted(ascending)).toEqual([0, 1, 2, 3, 4, 5, 6])
  const everything = [0, 1, 2, 3, 4, 5, 6]
  expect(await dealtOut((stream) => stream.broadcast())).toEqual([
    everything,
    everything,
    everything,
  ])
})
