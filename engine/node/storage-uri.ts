/** Where snapshots lie, as one writes it on a command line, and the storage behind it. */
import { fileURLToPath } from 'node:url'
import { ConfigurationError } from '../errors.ts'
import type { StoragePort } from '../runtime.ts'
import { openDirectory } from './directory-storage.ts'
import { memoryStorage } from './memory-storage.ts'
import { storagePort } from './object-store.ts'
import { openWebHdfs } from './webhdfs-storage.ts'

export interface OpenStorageOptions {
  /** Runs an action in a turn of the engine. */
  readonly post: (action: () => void) => void
  /** Only looks: nothing is created or cleaned, and what is not there is refused. */
  readonly isReadOnly?: boolean
}

/**
 * `memory:`, a path, `file:///path`, or `webhdfs://HOST:PORT/PATH?user.name=NAME`. Rejects with a ConfigurationError when
 * the address is none of these, or when there is no such storage.
 */
export async function openStorage(
  uri: string,
  { post, isReadOnly = false }: OpenStorageOptions,
): Promise<StoragePort> {
  // One letter and a colon begin a path of Windows.
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(uri)?.[1]?.toLowerCase()
  if (scheme === undefined && uri !== '') {
    return storagePort(await openDirectory(uri, !isReadOnly), post)
  }
  if (uri === 'memory:') return memoryStorage(post)
  if (scheme === 'file') return storagePort(await openDirectory(pathOf(uri), !isReadOnly), post)
  if (scheme !== 'webhdfs') throw refusal(uri)
  return storagePort(await openWebHdfs({ ...webHdfsOf(uri), isWritable: !isReadOnly }), post)
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri)
  } catch {
    throw refusal(uri)
  }
}

function webHdfsOf(uri: string) {
  const url = URL.canParse(uri) ? new URL(uri) : null
  const unknown = [...(url?.searchParams.keys() ?? [])].filter((name) => name !== 'user.name')
  if (url === null || url.hostname === '' || url.port === '' || unknown.length > 0) {
    throw refusal(uri)
  }
  const root = url.pathname.split('/').filter((name) => name !== '')
  return {
    host: url.hostname,
    port: Number(url.port),
    user: url.searchParams.get('user.name'),
    root: root.map((name) => decoded(uri, name)),
  }
}

function decoded(uri: string, name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    throw refusal(uri)
  }
}

function refusal(uri: string): ConfigurationError {
  return new ConfigurationError(
    'unknown-storage',
    `"${uri}" is no place for snapshots: give a directory (a path or file:///PATH), ` +
      'webhdfs://HOST:PORT/PATH?user.name=NAME, or memory:.',
  )
}
