/** What a reply of the databases' thread means when something went wrong there. */

import { unreachable } from '../../assert.ts'
import { ConfigurationError } from '../../errors.ts'
import type { DatabaseFailure, DatabaseReply } from './database-requests.ts'
import { StateStoreError } from './state-store-error.ts'

/** The reply, or its failure thrown. */
export function checkReply(reply: DatabaseReply): Exclude<DatabaseReply, DatabaseFailure> {
  if (reply.type === 'failed') throw errorOf(reply, 'The RocksDB state backend failed')
  return reply
}

/** `what` was going on, at the begin of a sentence. */
export function errorOf({ kind, reason }: DatabaseFailure, what: string): Error {
  switch (kind) {
    case 'missing-package':
      return new ConfigurationError('missing-package', `${reason}.`)
    case 'in-use':
    case 'damaged':
    case 'other':
      return new StateStoreError(`${what}: ${reason}.`)
    default:
      return unreachable(kind)
  }
}
