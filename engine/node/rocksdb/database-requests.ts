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
export type DatabaseRequest = WantedRequest | SilentRequest | EndRequest

/** Closes all databases and ends the thread. */
export interface EndRequest {
  readonly type: 'end'
}

/** Requests that get a reply. */
export type WantedRequest =
  | {
      readonly type: 'open'
      readonly store: number
      readonly directory: string
      /** Changes are also kept as sorted runs. */
      readonly keepsRuns: boolean
    }
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
  /** The runs of this moment, to be asked for until the list is released. */
  | { readonly type: 'list-runs'; readonly store: number; readonly list: number }
  | { readonly type: 'read-run'; readonly store: number; readonly run: number }
  /** Takes over a run as older than all others; its rows are there before anything else is served. */
  | {
      readonly type: 'adopt-run'
      readonly store: number
      readonly bytes: Uint8Array
      readonly checksum: number
    }

/** Requests without a reply; when one fails, all later ones of that store do. */
export type SilentRequest =
  /** Keys and values alternate; a value that is missing removes. */
  | { readonly type: 'write'; readonly store: number; readonly rows: Uint8Array }
  /** What was written since the last one becomes a run. */
  | { readonly type: 'commit'; readonly store: number }
  | { readonly type: 'view'; readonly store: number; readonly view: number }
  | { readonly type: 'release'; readonly store: number; readonly view: number }
  /** Closes the database and removes its directory. */
  | { readonly type: 'close'; readonly store: number }
  | { readonly type: 'release-runs'; readonly store: number; readonly list: number }

export type DatabaseReply =
  | { readonly type: 'opened' }
  | { readonly type: 'bytes'; readonly packed: Uint8Array }
  | { readonly type: 'size'; readonly bytes: number }
  | { readonly type: 'runs'; readonly runs: readonly RunInfo[] }
  | DatabaseFailure

export interface RunInfo {
  readonly number: number
  readonly sizeBytes: number
  readonly checksum: number
}

/** One sentence, without its full stop. */
export interface DatabaseFailure {
  readonly type: 'failed'
  readonly kind: 'missing-package' | 'in-use' | 'damaged' | 'other'
  readonly reason: string
}
