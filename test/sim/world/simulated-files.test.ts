/** The simulated file system. */
import { expect, test } from 'vitest'
import type { StorageResult } from '../../../engine/runtime.ts'
import { text } from '../../../engine/serializer.ts'
import { SimulatedFiles } from '../../../sim/world/simulated-files.ts'
import { SmallWorld } from './small-world.ts'

function setup(files: Readonly<Record<string, string>> = {}) {
  const small = new SmallWorld()
  const given = new Map(
    Object.entries(files).map(([path, content]) => [path, text.encode(content)]),
  )
  const disk = new SimulatedFiles(small.world, small.costs, given)
  const { process } = small.start('worker-1')
  const contents = (): Record<string, string> =>
    Object.fromEntries(disk.contents.map(([path, bytes]) => [path, text.decode(bytes)]))
  return { small, disk, process, port: disk.portOf(process), contents }
}

test('a file is read from an offset; there is nothing at its end; a missing one is named so', () => {
  const { small, port } = setup({ a: 'hello' })
  const read: string[] = []
  const onResult = (result: StorageResult<Uint8Array>): void => {
    read.push(result.type === 'ok' ? text.decode(result.value) : result.reason)
  }
  port.read('a', 1, 3, onResult)
  port.read('a', 5, 3, onResult)
  port.read('b', 0, 3, onResult)
  small.run()
  expect(read).toEqual(['ell', '', 'there is no such file'])
})

test('a write is there when it is answered, and never when its process died before', () => {
  const { small, port, process, contents } = setup()
  port.write('a', text.encode('1'), () => undefined)
  small.run()
  port.write('b', text.encode('2'), () => {
    throw new Error('Nobody is there to be answered.')
  })
  process.crash()
  small.run()
  expect(contents()).toEqual({ a: '1' })
})

test('a rename is done once, however often it is asked for', () => {
  const { small, port, contents } = setup({ '.a': '1' })
  const answers: string[] = []
  const onResult = (result: StorageResult<null>): void => {
    answers.push(result.type)
  }
  port.rename('.a', 'a', onResult)
  port.rename('.a', 'a', onResult)
  port.rename('.b', 'b', onResult)
  small.run()
  expect([answers, contents()]).toEqual([['ok', 'ok', 'failed'], { a: '1' }])
  port.delete('a')
  expect(contents()).toEqual({})
})
