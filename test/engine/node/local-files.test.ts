/** Files of this machine. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { localFiles } from '../../../engine/node/local-files.ts'
import type { StorageResult } from '../../../engine/runtime.ts'

const files = localFiles((action) => {
  action()
})
const directory = mkdtempSync(join(tmpdir(), 'weir-files-'))

function read(path: string, offset: number, lengthMax: number): Promise<string> {
  return new Promise((resolve) => {
    files.read(path, offset, lengthMax, (result) => {
      resolve(result.type === 'ok' ? Buffer.from(result.value).toString() : result.reason)
    })
  })
}

function done(start: (onResult: (result: StorageResult<null>) => void) => void): Promise<string> {
  return new Promise((resolve) => {
    start((result) => {
      resolve(result.type)
    })
  })
}

test('a plain file is read piece by piece, with nothing at its end', async () => {
  const path = join(directory, 'plain')
  writeFileSync(path, 'hello world')
  expect(await read(path, 0, 5)).toBe('hello')
  expect(await read(path, 6, 50)).toBe('world')
  expect(await read(path, 11, 5)).toBe('')
})

test('a packed file is read as if it were plain, forward and back', async () => {
  const path = join(directory, 'packed.gz')
  const content = Array.from({ length: 40_000 }, (_, i) => `line ${i}`).join('\n')
  writeFileSync(path, gzipSync(content))
  let unpacked = ''
  for (;;) {
    const piece = await read(path, unpacked.length, 50_000)
    if (piece === '') break
    unpacked += piece
  }
  expect(unpacked === content).toBe(true)
  expect(await read(path, 0, 6)).toBe('line 0')
  expect((await read(path, 300_000, 9)).length).toBeGreaterThan(0)
  expect(content.startsWith(await read(path, 300_000, 9), 300_000)).toBe(true)
})

test('a missing file, and one that is not packed though its name says so, give a reason', async () => {
  expect(await read(join(directory, 'missing'), 0, 5)).toContain('ENOENT')
  const path = join(directory, 'not-packed.gz')
  writeFileSync(path, 'plain')
  expect(await read(path, 0, 5)).toContain('incorrect header')
  expect(await read(join(directory, 'missing.gz'), 0, 5)).toContain('ENOENT')
})

test('a file is written with its folders, and renamed once however often it is asked for', async () => {
  const folder = join(directory, 'new', 'folder')
  const [from, to] = [join(folder, '.a'), join(folder, 'a')]
  expect(
    await done((onResult) => {
      files.write(from, Buffer.from('1'), onResult)
    }),
  ).toBe('ok')
  const rename = (): Promise<string> =>
    done((onResult) => {
      files.rename(from, to, onResult)
    })
  expect([await rename(), await rename()]).toEqual(['ok', 'ok'])
  expect([readdirSync(folder), readFileSync(to, 'utf8')]).toEqual([['a'], '1'])
  expect(
    await done((onResult) => {
      files.rename(from, join(folder, 'b'), onResult)
    }),
  ).toBe('failed')
})

test('a packed file that could not be read is not taken for an empty one', async () => {
  const path = join(directory, 'later.gz')
  expect(await read(path, 0, 5)).toContain('ENOENT')
  expect(await read(path, 0, 5)).toContain('ENOENT')
  writeFileSync(path, gzipSync('hello'))
  expect(await read(path, 0, 5)).toBe('hello')
})

test('two readers of a packed file do not take each other’s bytes', async () => {
  const path = join(directory, 'shared.gz')
  const content = Array.from({ length: 40_000 }, (_, i) => `line ${i}`).join('\n')
  writeFileSync(path, gzipSync(content))
  const offsets = [200_000, 0, 300_000, 100]
  const pieces = await Promise.all(offsets.map((offset) => read(path, offset, 10)))
  for (const [index, offset] of offsets.entries()) {
    expect(pieces[index]).not.toBe('')
    expect(content.startsWith(pieces[index] ?? '?', offset)).toBe(true)
  }
})
