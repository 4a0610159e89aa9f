/**
 * The engine's side of the databases' thread: requests that wait for nothing, and replies that the engine's thread waits
 * for, asleep. Promises would need the event loop, which does not turn inside a call of the engine.
 * Must not know what requests mean. Replies come in the order of their requests.
 */

import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { assert, present } from '../../assert.ts'
import { SIGNAL } from './database-requests.ts'
import type {
  DatabaseReply,
  DatabaseRequest,
  DatabaseThreadData,
  SilentRequest,
  WantedRequest,
} from './database-requests.ts'
import { StateStoreError } from './state-store-error.ts'

/** Requests under way before the engine's thread waits: writes must not pile up in memory. */
const UNDER_WAY_MAX = 128
/** Nobody waits longer for one request. */
const ANSWER_TIMEOUT_MS = 60_000

/** A reply that may not have come yet. */
interface Expected {
  reply: DatabaseReply | null
  readonly wait: () => DatabaseReply
}

export class DatabaseThreadClient {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #words: Int32Array<SharedArrayBuffer>
  readonly #expected: Expected[] = []
  readonly #timeoutMs: number
  readonly #ended: Promise<void>
  #sent = 0
  #isLost = false

  constructor(timeoutMs = ANSWER_TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs
    const signals = new SharedArrayBuffer(SIGNAL.count * Int32Array.BYTES_PER_ELEMENT)
    const { port1, port2 } = new MessageChannel()
    const workerData: DatabaseThreadData = { port: port2, signals }
    this.#words = new Int32Array(signals)
    this.#port = port1
    this.#worker = new Worker(new URL('./database-thread.ts', import.meta.url), {
      name: 'rocksdb',
      workerData,
      transferList: [port2],
    })
    // It must not keep the process alive. What it fails with, whoever waits is told.
    this.#worker.unref()
    this.#port.unref()
    this.#worker.on('error', () => undefined)
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        resolve()
      })
    })
  }

  /** False once the thread has ended, or has not answered for too long. */
  get isUsable(): boolean {
    return !this.#isLost && Atomics.load(this.#words, SIGNAL.ended) === 0
  }

  /** Sends a request without a reply; waits only if too many are under way. */
  send(request: SilentRequest, transferred: readonly ArrayBuffer[] = []): void {
    this.#post(request, transferred)
  }

  /** Sends a request; the function that is returned waits for the reply. */
  ask(request: WantedRequest, transferred: readonly ArrayBuffer[] = []): () => DatabaseReply {
    const expected: Expected = { reply: null, wait: () => this.#await(expected) }
    this.#post(request, transferred)
    this.#expected.push(expected)
    return expected.wait
  }

  /** Whether the reply that the function waits for is still missing. */
  isPending(wait: () => DatabaseReply): boolean {
    this.#receive()
    if (Atomics.load(this.#words, SIGNAL.ended) === 1) return false
    return this.#expected.some((expected) => expected.wait === wait)
  }

  /** Lets the thread close its databases; resolves when it has ended. One that does not answer is ended by force. */
  async end(): Promise<void> {
    if (this.#isLost) await this.terminate()
    else if (this.isUsable) this.#post({ type: 'end' }, [])
    // Now it may keep the process alive: it has files to remove.
    this.#worker.ref()
    await this.#ended
    this.#port.close()
  }

  /** Ends the thread in the middle of whatever it does, as a crash would. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
    Atomics.store(this.#words, SIGNAL.ended, 1)
  }

  #post(request: DatabaseRequest, transferred: readonly ArrayBuffer[]): void {
    const isUnderWay = (): boolean =>
      ((this.#sent - Atomics.load(this.#words, SIGNAL.served)) | 0) >= UNDER_WAY_MAX
    this.#sleepWhile(isUnderWay)
    this.#port.postMessage(request, [...transferred])
    this.#sent += 1
    Atomics.add(this.#words, SIGNAL.sent, 1)
    Atomics.notify(this.#words, SIGNAL.sent)
  }

  #await(expected: Expected): DatabaseReply {
    this.#sleepWhile(() => {
      this.#receive()
      return expected.reply === null
    })
    return present(expected.reply, 'A reply was lost.')
  }

  #receive(): void {
    for (;;) {
      const message = receiveMessageOnPort(this.#port)
      if (message === undefined) return
      const first = this.#expected.shift()
      assert(first !== undefined, 'A reply came that nobody asked for.')
      first.reply = message.message as DatabaseReply
    }
  }

  #sleepWhile(isTrue: () => boolean): void {
    const words = this.#words
    for (;;) {
      const served = Atomics.load(words, SIGNAL.served)
      const hasEnded = Atomics.load(words, SIGNAL.ended) === 1
      if (!isTrue()) return
      if (hasEnded) throw new StateStoreError('The thread of the RocksDB databases has ended.')
      if (Atomics.wait(words, SIGNAL.served, served, this.#timeoutMs) !== 'timed-out') continue
      this.#isLost = true
      throw new StateStoreError(
        `The thread of the RocksDB databases has not answered for ${this.#timeoutMs / 1000} s.`,
      )
    }
  }
}
