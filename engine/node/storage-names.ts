/**
 * Names of stored objects in hierarchical file systems: keys to paths and back, and the names of files that are still
 * being written. Must not know which file system. Invariant: different keys have different paths, and none leaves the
 * root; a temporary name is never that of a key.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { StorageKey } from '../runtime.ts'
import { StorageError } from './object-store.ts'

/** A key's characters that some file system does not have in names, and the one that escapes them. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const ESCAPED = /[\u0000-\u001f\u007f%<>:"\\|?*]/g
const LONE_SURROGATE = /\p{Surrogate}/u
const TEMPORARY = '.weir-tmp.'
/** What another machine left behind is removed when nobody can be writing it any more. */
const ABANDONED_AFTER_MS = 86_400_000
/** A file of this process is older than the process only if another one with the same number wrote it. */
const CLOCK_SLACK_MS = 5_000

/** The names of the directories and of the file below the root. Throws a StorageError for keys that have no path. */
export function pathOfKey(key: StorageKey): readonly [string, ...string[]] {
  const [first = '', ...rest] = key.split('/').map((part) => nameOf(key, part))
  return [first, ...rest]
}

/** The directories that all keys with the prefix are in. */
export function directoriesOf(prefix: string): readonly string[] {
  return prefix
    .split('/')
    .slice(0, -1)
    .map((part) => nameOf(prefix, part))
}

/** The key of a path that `pathOfKey` made. */
export function keyOfPath(names: readonly string[]): StorageKey {
  return names
    .map((name) =>
      name.replaceAll(/%([0-9A-F]{2})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 16)),
      ),
    )
    .join('/')
}

/** A name that nobody else uses, for a file that is being written. */
export function temporaryName(): string {
  return `${TEMPORARY}${hostPart()}.${process.pid}.${randomUUID()}`
}

export function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY)
}

/** Whether the process that wrote a temporary file is certainly gone. */
export function isAbandoned(name: string, modifiedAtMs: number): boolean {
  if (!isTemporary(name)) return false
  const now = Date.now()
  if (modifiedAtMs < now - ABANDONED_AFTER_MS) return true
  const [host, pid] = name.slice(TEMPORARY.length).split('.')
  if (host !== hostPart()) return false
  if (Number(pid) !== process.pid) return !isRunning(Number(pid))
  return modifiedAtMs < now - process.uptime() * 1000 - CLOCK_SLACK_MS
}

function nameOf(key: string, part: string): string {
  const isReserved = part === '' || part === '.' || part === '..' || isTemporary(part)
  if (isReserved || LONE_SURROGATE.test(part)) {
    throw new StorageError(`"${key}" cannot be the key of an object: it has no path of its own`)
  }
  return part.replaceAll(ESCAPED, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
    return `%${code}`
  })
}

function hostPart(): string {
  return hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // There is one, of somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
