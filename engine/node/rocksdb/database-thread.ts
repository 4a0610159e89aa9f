/**
 * The thread that owns the RocksDB databases of an engine's thread, because their package only answers by promises. It
 * serves one request after the other and sleeps in between. Must not know the engine.
 * Invariant: a request sees all that were sent before it; once a write failed, everything of that store fails.
 */

import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { present } from '../../assert.ts'
import { describeError } from '../../errors.ts'
import { Database } from './database.ts'
import { SIGNAL } from './database-requests.ts'
import type {
  DatabaseFailure,
  DatabaseReply,
  DatabaseRequest,
  DatabaseThreadData,
  SilentRequest,
  WantedRequest,
} from './database-requests.ts'
import { loadPackage } from './load-package.ts'

const { port, signals } = workerData as DatabaseThreadData
const words = new Int32Array(signals)
const databases = new Map<number, Database>()
const failures = new Map<number, DatabaseFailure>()

process.on('exit', () => {
  Atomics.store(words, SIGNAL.ended, 1)
  Atomics.notify(words, SIGNAL.served)
})

await serveAll()
for (const database of databases.values()) await database.close()

async function serveAll(): Promise<void> {
  for (;;) {
    const sent = Atomics.load(words, SIGNAL.sent)
    const message = receiveMessageOnPort(port)
    if (message === undefined) {
      // Nothing of a database is under way, so that nobody misses the event loop.
      Atomics.wait(words, SIGNAL.sent, sent)
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

async function serve(
  request: WantedRequest | Exclude<SilentRequest, { type: 'end' }>,
): Promise<DatabaseReply | null> {
  const { store } = request
  try {
    switch (request.type) {
      case 'open':
        return (await open(store, request.directory)) ?? { type: 'opened' }
      case 'get':
      case 'scan':
      case 'size':
        return failures.get(store) ?? (await read(databaseOf(store), request))
      default:
        if (!failures.has(store) || request.type === 'close') {
          await carryOut(databaseOf(store), request)
        }
        return null
    }
  } catch (error) {
    const failure = failureOf(error)
    failures.set(store, failure)
    const isWanted = request.type === 'open' || isRead(request)
    return isWanted ? failure : null
  }
}

async function open(store: number, directory: string): Promise<DatabaseFailure | null> {
  const RocksDb = await loadPackage(() => import('rocksdb-native'))
  if (typeof RocksDb !== 'function') return RocksDb
  databases.set(store, await Database.open(RocksDb, directory))
  return null
}

type Read = Exclude<WantedRequest, { type: 'open' }>

function isRead(request: DatabaseRequest): request is Read {
  return request.type === 'get' || request.type === 'scan' || request.type === 'size'
}

async function read(database: Database, request: Read): Promise<DatabaseReply> {
  switch (request.type) {
    case 'get':
      return { type: 'bytes', packed: await database.get(request.keys) }
    case 'scan':
      return { type: 'bytes', packed: await database.scan(request) }
    case 'size':
      return { type: 'size', bytes: await database.size() }
  }
}

async function carryOut(
  database: Database,
  request: Exclude<SilentRequest, { type: 'end' }>,
): Promise<void> {
  switch (request.type) {
    case 'write':
      await database.write(request.rows)
      return
    case 'view':
      database.openView(request.view)
      return
    case 'release':
      await database.releaseView(request.view)
      return
    case 'close':
      databases.delete(request.store)
      await database.close()
  }
}

function databaseOf(store: number): Database {
  return present(databases.get(store), `The database ${store} is not open.`)
}

/** RocksDB says in its messages what happened; the first words tell the kind. */
function failureOf(error: unknown): DatabaseFailure {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const first = cause instanceof AggregateError ? cause.errors.find(Boolean) : cause
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
