/**
 * Which failed checkpoints fail the job, and when a restart is refused, against what Apache Flink does, as recorded in
 * conformance cases. The cases lie beside the repository; without them there is nothing to compare.
 */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkpointId } from '../../../engine/ids.ts'
import { NO_RESTARTS, onFailure } from '../../../engine/recovery/restart-strategy.ts'
import { Coordination } from './coordinator-dsl.ts'

interface Step {
  readonly fail?: number | true
  readonly reason?: string
  readonly success?: number
}

interface Case {
  readonly id: string
  readonly job: {
    readonly tolerable?: number
    readonly strategy?: { readonly type: string; readonly attempts: number; readonly delay: number }
  }
  readonly input: readonly Step[]
  readonly expected: { readonly main: readonly Readonly<Record<string, unknown>>[] }
}

function readCases(family: string): Case[] {
  const file = new URL(`../../../../shared/conformance/cases/${family}.json`, import.meta.url)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Case[]) : []
}

/** In these a checkpoint fails a second time in a way that counts; here a checkpoint ends once. */
const FAILING_TWICE = ['1002', '1005', '1006'].map((number) => `checkpoint-failures-${number}`)
const failures = readCases('checkpoint-failures').filter(({ id }) => !FAILING_TWICE.includes(id))

test.each(failures)('$id: the job fails when Flink fails it', (flink) => {
  const job = new Coordination({ tolerableFailures: flink.job.tolerable ?? 0 }, ['a'])
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

const fixedDelay = readCases('restart-strategies').filter(
  ({ job }) => job.strategy?.type === 'fixedDelay',
)

test.each(fixedDelay)('$id: the fixed-delay strategy restarts as often as Flink', (flink) => {
  const { attempts = 0, delay = 0 } = flink.job.strategy ?? {}
  let state = NO_RESTARTS
  const found = flink.input.flatMap(({ fail }) => {
    if (fail === undefined) return []
    const [next, decision] = onFailure(state, { strategy: 'fixed-delay', attempts, delayMs: delay })
    state = next
    return [decision.type === 'restart' ? decision.delayMs : 'refused']
  })
  expect(found).toEqual(
    flink.expected.main.map(({ canRestart, backoff }) =>
      canRestart === true ? backoff : 'refused',
    ),
  )
})
