/** Snapshots in a real HDFS: the suite of all storages, and what only HDFS can show. */
import { userInfo } from 'node:os'
import { afterAll, expect, test, vi } from 'vitest'
import { openStorage } from '../../engine/node/storage-uri.ts'
import { Calls, testStorage } from '../parity/storage.ts'
import { startHdfs } from './real-hdfs.ts'

// A small file takes HDFS some tenths of a second, on a busy machine more.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const post = (action: () => void): void => {
  setImmediate(action)
}

// Whoever starts a name node may do everything in it.
const owner = userInfo().username
const hdfs = await startHdfs()

afterAll(async () => {
  if (typeof hdfs !== 'string') await hdfs.stop()
})

if (typeof hdfs === 'string') {
  const reason = hdfs
  process.stdout.write(`${reason} Storages are tested without it.\n`)
  test.runIf(process.env['WEIR_STRICT'] === '1')('there is a real HDFS to test with', () => {
    expect.fail(reason)
  })
} else {
  let opened = 0
  const open = async (): Promise<{ port: Awaited<ReturnType<typeof openStorage>> }> => {
    opened += 1
    const uri = `${hdfs.uri}/weir test/${opened}?user.name=${owner}`
    return { port: await openStorage(uri, { post }) }
  }
  testStorage('real HDFS', open)

  test('real HDFS: somebody who may not write there gets one sentence', async () => {
    const mine = new Calls({
      port: await openStorage(`${hdfs.uri}/private?user.name=${owner}`, { post }),
    })
    await mine.put('a/b', [1])
    const uri = `${hdfs.uri}/private?user.name=stranger`
    const stranger = new Calls({ port: await openStorage(uri, { post, isReadOnly: true }) })
    expect(await stranger.get('a/b')).toEqual(new Uint8Array([1]))
    expect(await stranger.put('a/c', [2])).toMatch(
      /^the object \/private\/a\/c cannot be written: .*AccessControlException, Permission denied[^\n]*$/,
    )
    expect(await stranger.delete('a/b')).toMatch(/cannot be deleted: .*Permission denied/)
    expect(await mine.list('')).toEqual(['a/b'])
  })

  test('real HDFS: a file in the way, and a directory that is missing, are one sentence', async () => {
    const storage = new Calls(await open())
    await storage.put('a', [1])
    expect(await storage.put('a/b', [1])).toMatch(/^the object .* cannot be written: [^\n]*$/)
    expect(await storage.get('a/b')).toMatch(/^there is no such object/)
    await expect(openStorage(`${hdfs.uri}/nowhere`, { post, isReadOnly: true })).rejects.toThrow(
      /cannot be used for snapshots: .*FileNotFoundException, File [^\n]*\.$/,
    )
  })
}
