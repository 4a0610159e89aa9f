/** Snapshots in real directories, also in those that fail. What all storages do is in test/parity/storage.ts. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openStorage } from '../../../engine/node/storage-uri.ts'
import { Calls } from '../../parity/storage.ts'

const scratch = mkdtempSync(join(tmpdir(), 'weir-directory-'))
afterAll(() => {
  rmSync(scratch, { recursive: true })
})

const post = (action: () => void): void => {
  setImmediate(action)
}

let opened = 0

async function setup() {
  opened += 1
  const root = join(scratch, String(opened), 'nested', 'root')
  return { root, storage: new Calls({ port: await openStorage(root, { post }) }) }
}

describe('an object', () => {
  test('is a file of that name below the root, which is created', async () => {
    const { root, storage } = await setup()
    await storage.put('chk-7/sum-0-3', [1, 2], [3])
    await storage.put('chk-7/_metadata', [4])
    expect(readFileSync(join(root, 'chk-7', 'sum-0-3'))).toEqual(Buffer.from([1, 2, 3]))
    expect(readdirSync(join(root, 'chk-7')).sort()).toEqual(['_metadata', 'sum-0-3'])
  })

  test('is found when the directory is opened again, by path or address', async () => {
    const { root, storage } = await setup()
    await storage.put('chk-1/a', [5])
    for (const uri of [root, `file://${root}`, `${root}/`]) {
      const again = new Calls({ port: await openStorage(uri, { post, isReadOnly: true }) })
      expect(await again.get('chk-1/a')).toEqual(new Uint8Array([5]))
    }
  })

  test('takes its directories along when it is deleted, but not the root and nothing else', async () => {
    const { root, storage } = await setup()
    await storage.put('a/b/c/one', [1])
    await storage.put('a/two', [2])
    await storage.delete('a/b/c/one')
    expect(readdirSync(join(root, 'a'))).toEqual(['two'])
    await storage.delete('a/two')
    expect(readdirSync(root)).toEqual([])
  })
})

test.each([
  '../outside',
  'a/../../outside',
  '..',
  '.',
  './a',
  '',
  '/etc/passwd',
  'a//b',
  'a/',
  '.weir-tmp.host.1.x',
  'lone \ud800 surrogate',
])('the key "%s" is refused by every call, before anything happens', async (key) => {
  const { root, storage } = await setup()
  const sentence = /^".*" cannot be the key of an object: it has no path of its own$/
  for (const call of [storage.put(key, [1]), storage.get(key), storage.delete(key)]) {
    expect(await call).toMatch(sentence)
  }
  expect(readdirSync(root)).toEqual([])
  expect(readdirSync(join(root, '..'))).toEqual(['root'])
})

test('a list does not leave the root either', async () => {
  const { storage } = await setup()
  expect(await storage.list('../')).toMatch(/cannot be the key of an object/)
})

describe('a failure is answered with one clause that names path and cause', () => {
  test('a file in the place of a directory', async () => {
    const { root, storage } = await setup()
    writeFileSync(join(root, 'chk-1'), 'a file')
    expect(await storage.put('chk-1/a', [1])).toBe(
      `the file ${join(root, 'chk-1/a')} cannot be written: a file stands where a directory is needed (EEXIST)`,
    )
    expect(await storage.get('chk-1/a')).toBe(`there is no such object (${join(root, 'chk-1/a')})`)
    expect(readFileSync(join(root, 'chk-1'), 'utf8')).toBe('a file')
  })

  test('a directory in the place of the file, and nothing is left behind', async () => {
    const { root, storage } = await setup()
    mkdirSync(join(root, 'chk-1', 'a'), { recursive: true })
    const path = join(root, 'chk-1', 'a')
    const cause = 'a directory stands there (EISDIR)'
    expect(await storage.put('chk-1/a', [1])).toBe(`the file ${path} cannot be written: ${cause}`)
    expect(await storage.get('chk-1/a')).toBe(`the file ${path} cannot be read: ${cause}`)
    expect(await storage.delete('chk-1/a')).toMatch(`the file ${path} cannot be deleted: `)
    expect(readdirSync(join(root, 'chk-1'))).toEqual(['a'])
  })

  test.runIf(existsSync('/dev/full'))('a full device', async () => {
    const { root, storage } = await setup()
    const path = join(root, 'chk-1', 'x'.repeat(300))
    expect(await storage.put(`chk-1/${'x'.repeat(300)}`, [1])).toBe(
      `the file ${path} cannot be written: the name is too long (ENAMETOOLONG)`,
    )
    symlinkSync('/dev/full', join(root, 'full'))
    expect(await storage.put('full/a', [1])).toMatch(/ cannot be written: .*\(E[A-Z]+\)$/)
  })

  test('a root that is gone', async () => {
    const { root, storage } = await setup()
    rmSync(root, { recursive: true })
    expect(await storage.get('chk-1/a')).toMatch(/^there is no such object/)
    expect(await storage.list('')).toBe(
      `the directory ${root} cannot be listed: there is no such file or directory (ENOENT)`,
    )
    expect(await storage.delete('chk-1/a')).toBe('ok')
  })
})

test('a directory that cannot be used is refused when it is opened', async () => {
  const file = join(scratch, 'file')
  writeFileSync(file, '')
  const below = join(file, 'below')
  await expect(openStorage(below, { post })).rejects.toThrow(
    `The directory ${below} cannot be used for snapshots: a file stands where a directory is needed (ENOTDIR).`,
  )
  await expect(openStorage(file, { post, isReadOnly: true })).rejects.toThrow('it is a file')
  const missing = join(scratch, 'missing')
  await expect(openStorage(missing, { post, isReadOnly: true })).rejects.toThrow(
    `The directory ${missing} cannot be used for snapshots: there is no such file or directory (ENOENT).`,
  )
  expect(existsSync(missing)).toBe(false)
})

test('what a crashed process was writing is no object, and is removed at the next opening', async () => {
  const { root, storage } = await setup()
  await storage.put('chk-1/a', [1])
  const host = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')
  // No process has so large a number.
  const dead = `.weir-tmp.${host}.99999999.id`
  const elsewhere = '.weir-tmp.another-host.1.id'
  const old = '.weir-tmp.another-host.1.old'
  const ownLife = `.weir-tmp.${host}.${process.pid}.now`
  const formerLife = `.weir-tmp.${host}.${process.pid}.before`
  const parent = `.weir-tmp.${host}.${process.ppid}.id`
  const all = [dead, elsewhere, old, ownLife, formerLife, parent]
  for (const name of all) writeFileSync(join(root, 'chk-1', name), 'half')
  const daysAgo = new Date(Date.now() - 2 * 86_400_000)
  for (const name of [old, formerLife]) utimesSync(join(root, 'chk-1', name), daysAgo, daysAgo)
  expect(await storage.list('')).toEqual(['chk-1/a'])

  await openStorage(root, { post, isReadOnly: true })
  expect(readdirSync(join(root, 'chk-1'))).toHaveLength(all.length + 1)
  await openStorage(root, { post })
  expect(readdirSync(join(root, 'chk-1')).sort()).toEqual([elsewhere, ownLife, parent, 'a'].sort())
})

test('deletions of a directory’s last object do not disturb writes into it', async () => {
  const { root, storage } = await setup()
  const rounds = Array.from({ length: 60 }, async (_, i) => {
    const written = await storage.put(`chk-1/${i}`, [i])
    return [written, await storage.delete(`chk-1/${i}`)]
  })
  expect(new Set((await Promise.all(rounds)).flat())).toEqual(new Set(['ok']))
  expect(readdirSync(root)).toEqual([])
})
