/** Reads the changes that a restore needs from the logs of changelogs in Kafka, one log after the other. */
import { readChanges } from '../changelog/read-changes.ts'
import type { RestoreInstruction } from '../checkpoint/snapshot-handle.ts'
import { KafkaClient } from '../kafka/kafka-client.ts'
import type { LogRange } from '../state/lsm/run-manifest.ts'
import type { SortedRun } from '../state/lsm/sorted-run.ts'
import { logRangeOf } from './keyed-state-content.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

export type DownloadedLogs =
  | {
      readonly type: 'downloaded'
      readonly runOf: (range: LogRange) => SortedRun | string
      readonly sizeBytes: number
    }
  | { readonly type: 'failed'; readonly reason: string }

/** `shared`: a client that ends with the attempt; without it there is one for the occasion. */
export function downloadLogs(
  env: SubtaskEnvironment,
  { checkpoint, keyed }: Pick<RestoreInstruction, 'checkpoint' | 'keyed'>,
  shared: KafkaClient | null,
  onDone: (result: DownloadedLogs) => void,
): void {
  const ranges = keyed.flatMap((handle) => logRangeOf(handle) ?? [])
  const runs = new Map<string, SortedRun>()
  let sizeBytes = 0
  const runOf = (range: LogRange): SortedRun | string =>
    runs.get(nameOf(range)) ?? 'it was not read'
  if (ranges.length === 0) {
    onDone({ type: 'downloaded', runOf, sizeBytes })
    return
  }
  const { runtime, broker, mutants, deployment } = env
  const client =
    shared ?? new KafkaClient(runtime, broker, `${deployment.subtask}-changelog-reader`)
  const end = (result: DownloadedLogs): void => {
    if (client !== shared) client.close()
    onDone(result)
  }
  const next = (index: number): void => {
    const range = ranges[index]
    if (range === undefined) {
      end({ type: 'downloaded', runOf, sizeBytes })
      return
    }
    readChanges({
      client,
      runtime,
      mutants,
      range,
      checkpoint,
      onRead: (changes) => {
        if (typeof changes === 'string') {
          end({ type: 'failed', reason: changes })
          return
        }
        runs.set(nameOf(range), changes.run)
        sizeBytes += changes.sizeBytes
        next(index + 1)
      },
    })
  }
  next(0)
}

function nameOf({ topic, partition, from, to }: LogRange): string {
  return `${topic}/${partition}@${from}-${to}`
}
