/** The part of the optional package rocksdb-native that Weir uses; the package brings no types. */
declare module 'rocksdb-native' {
  interface Range {
    readonly gte?: Uint8Array
    readonly gt?: Uint8Array
    readonly lt?: Uint8Array
    readonly limit?: number
  }

  interface ReadBatch {
    get(key: Uint8Array): Promise<Uint8Array | null>
    flush(): Promise<void>
    destroy(): void
  }

  interface WriteBatch {
    tryPut(key: Uint8Array, value: Uint8Array): void
    tryDelete(key: Uint8Array): void
    flush(): Promise<void>
    destroy(): void
  }

  export interface Options {
    readonly maxBackgroundJobs?: number
    readonly writeBufferSize?: number
    readonly avoidFlushDuringShutdown?: boolean
  }

  export default class RocksDB {
    constructor(path: string, options?: Options)
    ready(): Promise<void>
    read(options?: { readonly capacity?: number }): ReadBatch
    write(options?: { readonly capacity?: number }): WriteBatch
    /** The database as it is now, whatever is written afterwards. Must be closed. */
    snapshot(): RocksDB
    iterator(
      range: Range,
      options?: { readonly capacity?: number },
    ): AsyncIterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>
    getProperty(name: string): Promise<string>
    close(options?: { readonly force?: boolean }): Promise<void>
  }
}
