/**
 * What the engine's thread and the thread of the databases say to each other. Requests are served one after the other,
 * in the order in which they were sent, and so are the replies. Lists of bytes are packed. No behavior.
 */

import type { MessagePort } from 'node:worker_threads'

export interface DatabaseThreadData {
  readonly port: MessagePort
  /** Words by `SIGNAL`. */
  readonly signals: SharedArrayBuffer
}

/** The words that both threads share. */
export const SIGNAL = {
  /** Counts messages to the databases' thread. */
  sent: 0,
  /** Counts the requests that it served. */
  served: 1,
  /** 1 when the thread has ended. */
  ended: 2,
  count: 3,
} as const

/** `store` tells the databases of one thread apart. */
export type DatabaseRequest = WantedRequest | SilentRequest

/** Requests that get a reply. */
export type WantedRequest =
  | { readonly type: 'open'; readonly store: number; readonly directory: string }
  /** Keys to values. */
  | { readonly type: 'get'; readonly store: number; readonly keys: Uint8Array }
  /** Rows from a key on, or behind it, up to `end`: about so many bytes; keys and values alternate. */
  | {
      readonly type: 'scan'
      readonly store: number
      readonly view: number
      readonly begin: Uint8Array
      readonly isBehind: boolean
      /** Null: to the last key. */
      readonly end: Uint8Array | null
      readonly rowsMax: number
    }
  | { readonly type: 'size'; readonly store: number }

/** Requests without a reply; when one fails, all later ones of that store do. */
export type SilentRequest =
  /** Keys and values alternate; a value that is missing removes. */
  | { readonly type: 'write'; readonly store: number; readonly rows: Uint8Array }
  | { readonly type: 'view'; readonly store: number; readonly view: number }
  | { readonly type: 'release'; readonly store: number; readonly view: number }
  /** Closes the database and removes its directory. */
  | { readonly type: 'close'; readonly store: number }
  | { readonly type: 'end' }

export type DatabaseReply =
  | { readonly type: 'opened' }
  | { readonly type: 'bytes'; readonly packed: Uint8Array }
  | { readonly type: 'size'; readonly bytes: number }
  | DatabaseFailure

/** One sentence, without its full stop. */
export interface DatabaseFailure {
  readonly type: 'failed'
  readonly kind: 'missing-package' | 'in-use' | 'damaged' | 'other'
  readonly reason: string
}
