/** The storages of snapshots of both worlds behave alike. A real HDFS has its own file, because it takes long to start. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { memoryStorage } from '../../engine/node/memory-storage.ts'
import { openStorage } from '../../engine/node/storage-uri.ts'
import { SimulatedStorage } from '../../sim/world/simulated-storage.ts'
import { FakeHdfs } from '../hdfs/fake-hdfs.ts'
import { SmallWorld } from '../sim/world/small-world.ts'
import { testStorage } from './storage.ts'

const post = (action: () => void): void => {
  setImmediate(action)
}
const scratch = mkdtempSync(join(tmpdir(), 'weir-storage-'))
const hdfs = await FakeHdfs.start()
let opened = 0

afterAll(async () => {
  rmSync(scratch, { recursive: true })
  await hdfs.stop()
})

testStorage('simulated', () => {
  const small = new SmallWorld()
  const storage = new SimulatedStorage(small.world, small.costs)
  const port = storage.portOf(small.start('worker-1').process)
  return Promise.resolve({ port, settle: () => small.run() })
})

testStorage('memory', () => Promise.resolve({ port: memoryStorage(post) }))

testStorage('directory', async () => {
  opened += 1
  return { port: await openStorage(join(scratch, `storage-${opened}`), { post }) }
})

testStorage('webhdfs', async () => {
  opened += 1
  return { port: await openStorage(`${hdfs.uri}/weir/${opened}?user.name=weir`, { post }) }
})
