/**
 * Which failed checkpoints fail the job, against what Apache Flink does, here by the coordinator itself.
 * The counting alone: failure-counter.test.ts.
 */
import { expect, test } from 'vitest'
import { checkpointId } from '../../../engine/ids.ts'
import { readCases } from '../conformance-cases.ts'
import { Coordination } from './coordinator-dsl.ts'

interface Step {
  readonly fail?: number
  readonly reason?: string
  readonly success?: number
}

/** In these a checkpoint fails a second time in a way that counts; here a checkpoint ends once. */
const FAILING_TWICE = ['1002', '1005', '1006'].map((number) => `checkpoint-failures-${number}`)
const failures = readCases<{ tolerable: number }, Step>('checkpoint-failures').filter(
  ({ id }) => !FAILING_TWICE.includes(id),
)

test.each(failures)('$id: the job fails when Flink fails it', (flink) => {
  const job = new Coordination({ tolerableFailures: flink.job.tolerable }, ['a'])
  const found = flink.input.flatMap(({ fail, reason, success }, at) => {
    const id = success ?? Number(fail)
    begin(job, id)
    if (success === undefined) return endWith(job, id, reason).map(() => ({ failJob: true, at }))
    job.acknowledge(id, 'a')
    job.stored(id)
    return []
  })
  expect(found).toEqual(flink.expected.main)
})

/** Makes this checkpoint the pending one, unless its id was used already. */
function begin(job: Coordination, id: number): void {
  if (id < job.state.nextId) return
  job.state = { ...job.state, nextId: checkpointId(id) }
  job.start()
  job.interval()
}

/** Ends the checkpoint for this reason; returns the effect that fails the job, if there is one. */
function endWith(job: Coordination, id: number, reason = ''): string[] {
  const effects = ((): string[] => {
    switch (reason) {
      case 'CHECKPOINT_EXPIRED':
        return job.timeout(id)
      case 'IO_EXCEPTION':
      case 'FINALIZE_CHECKPOINT_FAILURE':
        return job.storeFailed(id)
      case 'CHECKPOINT_DECLINED':
      case 'CHECKPOINT_ASYNC_EXCEPTION':
        return job.decline(id, 'a')
      case 'JOB_FAILOVER_REGION':
      case 'CHECKPOINT_COORDINATOR_SHUTDOWN':
        return job.stop()
      default:
        return job.decline(id, 'a', false)
    }
  })()
  return effects.filter((effect) => effect.startsWith('fail-job'))
}
