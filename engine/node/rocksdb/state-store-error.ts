/** What reading or writing a database throws when it cannot: the subtask fails with it and starts from a checkpoint. */

export class StateStoreError extends Error {
  override readonly name = 'StateStoreError'
  readonly code = 'state-store-failed'
}
