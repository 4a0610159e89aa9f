/**
 * Asynchronous calls of a service as data. Source: Flink AsyncDataStream, AsyncWaitOperator, AsyncRetryStrategy.
 * Times in ms.
 */

export interface AsyncRetryOptions {
  /** Calls per record, the first included. */
  readonly maxAttempts: number
  /** Pause before the first retry. Default 0. */
  readonly delayMs?: number
  /** Each pause is so many times the one before. Default 1. */
  readonly multiplier?: number
  /** Longest pause. Default: none. */
  readonly maxDelayMs?: number
}

export interface AsyncOptions<T, R, O> {
  /** `ordered`: results come in the order of the records; `unordered`: as answers come, between two watermarks. */
  readonly order: 'ordered' | 'unordered'
  /** Name of the service: in Node a function given to the run, in simulation a simulated service. */
  readonly service: string
  /** What the service is asked for a record. Default: the record itself. */
  readonly request?: (value: T) => unknown
  /** What is emitted for an answer, in this order. */
  readonly result: (value: T, reply: R) => Iterable<O>
  /** What is emitted when no answer came in time. Default: the job fails. */
  readonly onTimeout?: (value: T) => Iterable<O>
  /** From the first call on, retries included. */
  readonly timeoutMs: number
  /** Records in flight per subtask; more wait. Default 100. */
  readonly capacity?: number
  readonly retry?: AsyncRetryOptions
}

export interface AsyncSpec {
  readonly order: 'ordered' | 'unordered'
  readonly service: string
  readonly request: { method(value: unknown): unknown }['method']
  readonly result: { method(value: unknown, reply: unknown): Iterable<unknown> }['method']
  readonly onTimeout: { method(value: unknown): Iterable<unknown> }['method'] | null
  readonly timeoutMs: number
  readonly capacity: number
  readonly retry: Required<AsyncRetryOptions> | null
}
