/** Job masters that take over one from the other, as far as the storage knows. */
import type { CheckpointMetadata } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import { encodeMetadata } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { Mutants } from '../../../engine/mutants.ts'
import type { MutantName } from '../../../engine/mutants.ts'
import { MasterJournal } from '../../../engine/recovery/master-journal.ts'
import { takeOver } from '../../../engine/recovery/takeover.ts'
import type { Takeover } from '../../../engine/recovery/takeover.ts'
import { FakeRuntime, FakeStorage } from '../fake-runtime.ts'
import { summingJob } from '../small-jobs.ts'

interface MastersOptions {
  readonly fallback?: boolean
  readonly retained?: number
  readonly mutant?: MutantName
  readonly submission?: number
}

/** A storage that several masters use, one after the other. */
export class Masters {
  readonly runtime = new FakeRuntime()
  readonly storage = new FakeStorage(this.runtime, 1)
  journal = new MasterJournal(this.storage, 1)

  /** A checkpoint completes; its bytes may be damaged. */
  complete(id: number, isDamaged = false): this {
    const metadata: CheckpointMetadata = {
      checkpoint: checkpointId(id),
      kind: 'checkpoint',
      triggeredAt: 0,
      vertices: [],
      handles: [],
      coordinators: [],
    }
    const bytes = encodeMetadata(metadata)
    if (isDamaged) bytes[6] = (bytes[6] ?? 0) ^ 1
    this.storage.objects.set(`chk-${id}/_metadata`, bytes)
    return this
  }

  /** The next master begins. */
  next(options: MastersOptions = {}): Takeover {
    const { fallback = false, retained = 1, mutant = null, submission = 1 } = options
    this.journal = new MasterJournal(this.storage, submission)
    let taken: Takeover | undefined
    const { storage, journal } = this
    const mutants = new Mutants(mutant)
    const job = { graph: summingJob(), restoreFrom: undefined }
    const settings = { retained, fallbackToPrevious: fallback }
    takeOver({ storage, journal, mutants, ...settings, ...job }, (takeover) => {
      taken = takeover
    })
    this.runtime.advance(20)
    if (taken === undefined) throw new Error('It has been answered.')
    return taken
  }

  /** The same in one line: `epoch 2 from 7, ids from 11`. */
  begin(options: Parameters<Masters['next']>[0] = {}): string {
    const taken = this.next(options)
    if (taken.type === 'failed') return taken.reason
    if (taken.type === 'ended') return `${taken.end.status}: ${taken.end.reason}`
    const { epoch, firstId } = taken.record
    const found = taken.start.completed.map(({ metadata }) => metadata.checkpoint).join(' ')
    return `epoch ${epoch} from ${found === '' ? 'nothing' : found}, ids from ${firstId}`
  }
}
