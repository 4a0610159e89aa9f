/**
 * The ports: everything that the engine asks of the world it runs in. Two worlds implement them, the simulator and
 * Node; the engine cannot tell which. Calls return at once; answers come back as callbacks in a later turn of the
 * same actor, never inside the call. After an actor died none of its callbacks is called again.
 */
import type { ActorId, Millis, ReceiverId } from './ids.ts'
import type { KafkaRequest, ResponseTo } from './kafka/protocol.ts'
import type { Message } from './messages.ts'
import type { Fact, TraceLevel } from './trace.ts'

/** Work that a turn did, for the simulator's cost model. */
export interface Work {
  readonly records: number
  readonly bytes: number
}

/** A scheduled callback; only good for `cancel`. */
export interface Timer {
  readonly label: string
}

export interface Runtime {
  /** The actor that this runtime belongs to. */
  readonly self: ActorId
  readonly traceLevel: TraceLevel
  now(): Millis
  /** Calls back after `delayMs` ≥ 0; with 0, in a later turn. `label` names the event in traces and hashes. */
  schedule(delayMs: number, label: string, callback: () => void): Timer
  cancel(timer: Timer): void
  /** Sends to another actor, to itself, or to the client. FIFO for each pair of actors; may be lost when the receiver is dead. */
  send(to: ReceiverId, message: Message): void
  trace(fact: Fact): void
  /** Says what this turn cost: later sends and timers of the turn are that much later in simulated time. */
  spend(work: Work): void
  /** An integer in [0, bound), drawn from the named stream of the run's seeded source. */
  random(stream: string, bound: number): number
}

export interface BrokerPort {
  /** A connection to the cluster: requests to one broker over one connection are handled in order. */
  connect(clientId: string): BrokerConnection
}

export interface BrokerConnection {
  /** `broker` is a node id from a metadata response; `null` means any bootstrap broker. May never answer. */
  send<R extends KafkaRequest>(
    broker: number | null,
    request: R,
    onResponse: (response: ResponseTo<R>) => void,
  ): void
  /** Responses that are still on their way are dropped. */
  close(): void
}

/** A stored object's name, such as `chk-7/sum-0`. */
export type StorageKey = string

export type StorageResult<T> =
  { readonly type: 'ok'; readonly value: T } | { readonly type: 'failed'; readonly reason: string }

/** `unknown`: the storage did not answer, so the object may be there or not. */
export type WriteResult =
  StorageResult<null> | { readonly type: 'unknown'; readonly reason: string }

/**
 * Durable storage of snapshots. A put answers `ok` only when the object survives a crash of everything, and nobody ever
 * sees a part of an object. What was answered is seen by every later call; of two calls that are under way for one key
 * either may take effect first.
 */
export interface StoragePort {
  /**
   * Creates the object or replaces it. `pieces` are one object, in order. They are lent until `onResult`: not to be changed
   * or transferred, and to be copied by who keeps them longer.
   */
  put(key: StorageKey, pieces: readonly Uint8Array[], onResult: (result: WriteResult) => void): void
  get(key: StorageKey, onResult: (result: StorageResult<Uint8Array>) => void): void
  /** Every key that begins with the prefix, sorted by code units. */
  list(prefix: string, onResult: (result: StorageResult<readonly StorageKey[]>) => void): void
  /** `ok` also when there is no such object. */
  delete(key: StorageKey, onResult?: (result: StorageResult<null>) => void): void
}

/** What a service answered. `failed` may be tried again. */
export type ServiceReply =
  | { readonly type: 'ok'; readonly value: unknown }
  | { readonly type: 'failed'; readonly reason: string }

/** Named services outside of the job, called by asynchronous operators. A call may never be answered. */
export interface ServicePort {
  /** Whether this world offers a service of that name. */
  has(service: string): boolean
  call(service: string, request: unknown, onReply: (reply: ServiceReply) => void): void
}

/** Files that sources read and sinks write. Paths are the job's; an answered write survives a crash of everything. */
export interface FilePort {
  /** At most `lengthMax` bytes from `offset` of the unpacked content; no bytes at its end. */
  read(
    path: string,
    offset: number,
    lengthMax: number,
    onResult: (result: StorageResult<Uint8Array>) => void,
  ): void
  /** Creates the file with these bytes, or replaces it. */
  write(path: string, bytes: Uint8Array, onResult: (result: StorageResult<null>) => void): void
  /** Atomic. `ok` also when `from` is gone and `to` is there: done before. */
  rename(from: string, to: string, onResult: (result: StorageResult<null>) => void): void
  delete(path: string): void
}
