/** Addresses of storages. That they lead to the right one is in test/parity and beside each storage. */
import { expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { openStorage } from '../../../engine/node/storage-uri.ts'
import { Calls } from '../../parity/storage.ts'

const post = (action: () => void): void => {
  setImmediate(action)
}

test('memory: is a storage that nobody else sees', async () => {
  const one = new Calls({ port: await openStorage('memory:', { post }) })
  const other = new Calls({ port: await openStorage('memory:', { post }) })
  await one.put('a', [1])
  expect([await one.list(''), await other.list('')]).toEqual([['a'], []])
})

test.each([
  '',
  's3://bucket/path',
  'http://localhost/x',
  'hdfs://localhost:8020/x',
  'memory:x',
  'file://host/x',
  'webhdfs://localhost/x',
  'webhdfs:///x',
  'webhdfs:',

  'webhdfs://localhost:1/x?user=weir',
  'webhdfs://localhost:1/%ff',
  'webhdfs://localhost:99999/',
])('"%s" is refused with what was given and what is allowed', async (uri) => {
  const opening = openStorage(uri, { post })
  await expect(opening).rejects.toThrow(ConfigurationError)
  await expect(opening).rejects.toThrow(
    `"${uri}" is no place for snapshots: give a directory (a path or file:///PATH), ` +
      'webhdfs://HOST:PORT/PATH?user.name=NAME, or memory:.',
  )
})
