/** How the barriers of a checkpoint begin (Flink CheckpointOptions.forConfig). */
import type { Barrier, CheckpointKind } from '../element.ts'
import type { CheckpointingSettings } from '../job/job-options.ts'

/** Only plain checkpoints overtake: savepoints and the last one hold no records in flight. */
export function alignmentOf(
  kind: CheckpointKind,
  { mode, unaligned, alignedTimeoutMs }: CheckpointingSettings,
): Pick<Barrier, 'alignment' | 'alignedTimeoutMs'> {
  if (mode === 'at-least-once') return { alignment: 'at-least-once' }
  if (kind !== 'checkpoint' || !unaligned) return { alignment: 'aligned' }
  if (alignedTimeoutMs === 0) return { alignment: 'unaligned' }
  return { alignment: 'aligned', alignedTimeoutMs }
}
