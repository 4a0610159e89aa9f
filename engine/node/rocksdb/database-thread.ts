/**
 * The thread that owns the RocksDB databases of an engine's thread, because their package only answers by promises. It
 * serves one request after the other, merges runs in between, and sleeps when there is nothing to do.
 * Must not know the engine. Invariant: a request sees all that were sent before it; once something failed, everything
 * of that store fails.
 */

import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { present } from '../../assert.ts'
import { describeError } from '../../errors.ts'
import { SIGNAL } from './database-requests.ts'
import type {
  DatabaseFailure,
  DatabaseReply,
  DatabaseRequest,
  DatabaseThreadData,
  EndRequest,
  SilentRequest,
} from './database-requests.ts'
import { loadPackage } from './load-package.ts'
import { ServedStore } from './served-store.ts'
import type { OpenRequest } from './served-store.ts'

/** What is merged before the next look at the requests. */
const MAINTENANCE_BYTES = 1 << 14

const { port, signals } = workerData as DatabaseThreadData
const words = new Int32Array(signals)
const stores = new Map<number, ServedStore>()
const failures = new Map<number, DatabaseFailure>()

process.on('exit', () => {
  Atomics.store(words, SIGNAL.ended, 1)
  Atomics.notify(words, SIGNAL.served)
})

await serveAll()
for (const store of stores.values()) await store.carryOut({ type: 'close', store: 0 })

async function serveAll(): Promise<void> {
  for (;;) {
    const sent = Atomics.load(words, SIGNAL.sent)
    const message = receiveMessageOnPort(port)
    if (message === undefined) {
      // Nothing of a database is under way, so that nobody misses the event loop.
      if (!maintainAll()) Atomics.wait(words, SIGNAL.sent, sent)
      continue
    }
    const request = message.message as DatabaseRequest
    if (request.type === 'end') return
    const reply = await serve(request)
    if (reply?.type === 'bytes') port.postMessage(reply, [transferable(reply.packed)])
    else if (reply !== null) port.postMessage(reply)
    Atomics.add(words, SIGNAL.served, 1)
    Atomics.notify(words, SIGNAL.served)
  }
}

function maintainAll(): boolean {
  let hasWorked = false
  for (const store of stores.values()) hasWorked = store.maintain(MAINTENANCE_BYTES) || hasWorked
  return hasWorked
}

async function serve(request: Exclude<DatabaseRequest, EndRequest>): Promise<DatabaseReply | null> {
  if (isSilent(request)) {
    await carryOut(request)
    return null
  }
  const { store } = request
  try {
    if (request.type === 'open') return (await open(request)) ?? { type: 'opened' }
    return failures.get(store) ?? (await storeOf(store).read(request))
  } catch (error) {
    return fail(store, error)
  }
}

async function open(request: OpenRequest): Promise<DatabaseFailure | null> {
  const RocksDb = await loadPackage(() => import('rocksdb-native'))
  if (typeof RocksDb !== 'function') return RocksDb
  stores.set(request.store, await ServedStore.open(RocksDb, request))
  return null
}

async function carryOut(request: SilentRequest): Promise<void> {
  const { store, type } = request
  if (type !== 'close' && failures.has(store)) return
  try {
    const served = storeOf(store)
    if (type === 'close') stores.delete(store)
    await served.carryOut(request)
  } catch (error) {
    fail(store, error)
  }
}

function isSilent(request: Exclude<DatabaseRequest, EndRequest>): request is SilentRequest {
  switch (request.type) {
    case 'write':
    case 'commit':
    case 'view':
    case 'release':
    case 'release-runs':
    case 'close':
      return true
    default:
      return false
  }
}

function storeOf(store: number): ServedStore {
  return present(stores.get(store), `The database ${store} is not open.`)
}

function fail(store: number, error: unknown): DatabaseFailure {
  const failure = failureOf(error)
  failures.set(store, failure)
  return failure
}

/** RocksDB says in its messages what happened; the first words tell the kind. */
function failureOf(error: unknown): DatabaseFailure {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const first: unknown = cause instanceof AggregateError ? cause.errors.find(Boolean) : cause
  const text = describeError(first ?? error)
  if (/corrupt|checksum mismatch/i.test(text)) {
    return { type: 'failed', kind: 'damaged', reason: `the database is damaged (${text})` }
  }
  if (/\block\b/i.test(text)) {
    return { type: 'failed', kind: 'in-use', reason: `the database is in use (${text})` }
  }
  return { type: 'failed', kind: 'other', reason: text }
}

/** Views of a part of a buffer take the whole one with them. */
function transferable(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer as ArrayBuffer
}
