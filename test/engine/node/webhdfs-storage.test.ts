/** Snapshots over WebHDFS when name node, data node or network fail. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { storagePort } from '../../../engine/node/object-store.ts'
import { openStorage } from '../../../engine/node/storage-uri.ts'
import { openWebHdfs } from '../../../engine/node/webhdfs-storage.ts'
import { FakeHdfs } from '../../hdfs/fake-hdfs.ts'
import type { Fault, FakeRequest } from '../../hdfs/fake-hdfs.ts'
import { Calls } from '../../parity/storage.ts'

const post = (action: () => void): void => {
  setImmediate(action)
}
const TIMINGS = { timeoutMs: 150, attempts: 4, backoffMs: 1, backoffMaxMs: 5 }

let hdfs: FakeHdfs
beforeEach(async () => {
  hdfs = await FakeHdfs.start()
})
afterEach(() => hdfs.stop())

async function open(isWritable = true): Promise<Calls> {
  const address = { host: '127.0.0.1', port: Number(new URL(hdfs.uri).port), user: 'weir' }
  const store = await openWebHdfs({
    ...address,
    root: ['snap', 'shots'],
    isWritable,
    timings: TIMINGS,
  })
  return new Calls({ port: storagePort(store, post) })
}

/** The fault for the first requests of an operation. */
function failing(op: string, times: number, fault: Fault, node?: FakeRequest['node']): void {
  let rest = times
  hdfs.fault = (request) => {
    if (request.op !== op || (node !== undefined && request.node !== node) || rest === 0)
      return null
    rest -= 1
    return fault
  }
}

const unavailable: Fault = { type: 'refuse', status: 503, exception: 'ServiceUnavailable' }
const standby: Fault = { type: 'refuse', status: 403, exception: 'StandbyException' }
const retriable: Fault = { type: 'refuse', status: 403, exception: 'RetriableException' }
const denied: Fault = { type: 'refuse', status: 403, exception: 'AccessControlException' }

test('an object is written under a temporary name and renamed, as the user that was named', async () => {
  const storage = await open()
  hdfs.requests.length = 0
  await storage.put('chk-1/a', [1, 2])
  expect(hdfs.requests.map(({ node, op }) => `${node} ${op}`)).toEqual([
    'name CREATE',
    'data CREATE',
    'name RENAME',
  ])
  const [create] = hdfs.requests
  expect(create?.path).toMatch(/^\/snap\/shots\/chk-1\/\.weir-tmp\./)
  expect(hdfs.requests.every(({ query }) => query.get('user.name') === 'weir')).toBe(true)
  expect(hdfs.tree.get('/snap/shots/chk-1/a')).toEqual(new Uint8Array([1, 2]))
})

test('deletion takes empty directories along, but not the root', async () => {
  const storage = await open()
  await storage.put('a/b/one', [1])
  await storage.put('a/two', [2])
  await storage.delete('a/b/one')
  expect([...hdfs.tree.keys()].sort()).toEqual([
    '/',
    '/snap',
    '/snap/shots',
    '/snap/shots/a',
    '/snap/shots/a/two',
  ])
  await storage.delete('a/two')
  expect(hdfs.tree.has('/snap/shots')).toBe(true)
  expect(hdfs.tree.has('/snap/shots/a')).toBe(false)
})

test('a gateway that cannot overwrite by renaming gets a deletion before it', async () => {
  const storage = await open()
  hdfs.isGateway = true
  expect(await storage.put('a', [1])).toBe('ok')
  expect(await storage.put('a', [2])).toBe('ok')
  expect(await storage.get('a')).toEqual(new Uint8Array([2]))
})

describe.each([
  ['a name node that is not available', unavailable],
  ['a name node that is not active', standby],
  ['a name node that asks for patience', retriable],
  ['a connection that breaks before', { type: 'cut' }],
  ['a connection that breaks behind', { type: 'lose' }],
  ['silence', { type: 'stall' }],
] as const)('%s', (_, fault) => {
  test.each(['CREATE', 'RENAME', 'OPEN', 'LISTSTATUS', 'DELETE'])(
    'is survived by %s',
    async (op) => {
      const storage = await open()
      await storage.put('chk-1/a', [0])
      failing(op, 3, fault)
      expect(await storage.put('chk-1/a', [1, 2])).toBe('ok')
      expect(await storage.get('chk-1/a')).toEqual(new Uint8Array([1, 2]))
      expect(await storage.list('')).toEqual(['chk-1/a'])
      expect(await storage.delete('chk-1/a')).toBe('ok')
      hdfs.fault = () => null
      expect(await storage.list('')).toEqual([])
    },
  )

  test('is an answer after so many attempts, and leaves the old object', async () => {
    const storage = await open()
    await storage.put('chk-1/a', [7])
    failing('CREATE', 1000, fault, 'name')
    hdfs.requests.length = 0
    expect(await storage.put('chk-1/a', [1])).toMatch(
      /^the object \/snap\/shots\/chk-1\/a cannot be written: the name node 127\.0\.0\.1:\d+ .+, also at attempt 4$/,
    )
    expect(hdfs.requests.filter(({ op }) => op === 'CREATE')).toHaveLength(4)
    expect(await storage.get('chk-1/a')).toEqual(new Uint8Array([7]))
  })
})

test('a data node that broke off is left out of the next attempts, and its half files are removed', async () => {
  const storage = await open()
  failing('CREATE', 2, { type: 'lose' }, 'data')
  expect(await storage.put('chk-1/a', [1])).toBe('ok')
  const excluded = hdfs.requests
    .filter(({ node, op }) => node === 'name' && op === 'CREATE')
    .map(({ query }) => query.get('excludedatanodes'))
  // The only one: so it gets another chance each time.
  expect(excluded).toEqual([null, hdfs.dataNode, null, hdfs.dataNode, null])
  expect([...hdfs.tree.keys()].filter((path) => path.includes('weir-tmp'))).toEqual([])
})

test('what will not change by waiting is answered at once, in one line', async () => {
  const storage = await open()
  failing('CREATE', 1000, denied)
  hdfs.requests.length = 0
  expect(await storage.put('a', [1])).toMatch(
    /^the object \/snap\/shots\/a cannot be written: the name node 127\.0\.0\.1:\d+ answers: AccessControlException, Refused by the test$/,
  )
  expect(hdfs.requests.filter(({ op }) => op === 'CREATE')).toHaveLength(1)
})

test('nobody behind the address is an answer of every call', async () => {
  const storage = await open()
  await hdfs.stopDataNode()
  expect(await storage.put('a', [1])).toMatch(/the data node 127\.0\.0\.1:\d+ refuses connections/)
  await hdfs.stop()
  for (const call of [storage.get('a'), storage.delete('a'), storage.list('')]) {
    expect(await call).toMatch(/ cannot be .*: the name node 127\.0\.0\.1:\d+ refuses connections/)
  }
})

test('a rename whose answer was lost is not done twice', async () => {
  const storage = await open()
  failing('RENAME', 1, { type: 'lose' })
  expect(await storage.put('a', [1, 2])).toBe('ok')
  expect(await storage.get('a')).toEqual(new Uint8Array([1, 2]))
})

test('opening: to look needs the directory, to write creates it and removes what is left of old writes', async () => {
  await expect(open(false)).rejects.toThrow(
    /^webhdfs:\/\/127\.0\.0\.1:\d+\/snap\/shots cannot be used for snapshots: .*FileNotFoundException/,
  )
  await open()
  hdfs.tree.set('/snap/shots/.weir-tmp.elsewhere.1.x', new Uint8Array(1))
  hdfs.modifiedAt.set('/snap/shots/.weir-tmp.elsewhere.1.x', Date.now() - 2 * 86_400_000)
  hdfs.tree.set('/snap/shots/.weir-tmp.elsewhere.1.y', new Uint8Array(1))
  hdfs.modifiedAt.set('/snap/shots/.weir-tmp.elsewhere.1.y', Date.now())
  await open(false)
  expect(hdfs.tree.has('/snap/shots/.weir-tmp.elsewhere.1.x')).toBe(true)
  const storage = await open()
  expect(hdfs.tree.has('/snap/shots/.weir-tmp.elsewhere.1.x')).toBe(false)
  expect(hdfs.tree.has('/snap/shots/.weir-tmp.elsewhere.1.y')).toBe(true)
  expect(await storage.list('')).toEqual([])
})

test('a file in the place of the directory is refused', async () => {
  hdfs.tree.set('/file', new Uint8Array())
  await expect(openStorage(`${hdfs.uri}/file`, { post, isReadOnly: true })).rejects.toThrow(
    'it is a file',
  )
  await expect(openStorage(`${hdfs.uri}/file`, { post })).rejects.toThrow('cannot be created')
})
