/** Worker processes: what the world did to them (started, crashed) and what the job master believes. */
import type { WorkerId } from '../../engine/ids.ts'
import type { Draft, WorkerState } from './run-state.ts'
import { emptyWorker } from './run-state.ts'
import type { Reducer } from './reducer.ts'

export const workerStarted: Reducer<'worker-started'> = (draft, { worker, incarnation }) =>
  setWorker(draft, worker, { status: 'starting', incarnation, reason: '' })

export const workerRegistered: Reducer<'worker-registered'> = (draft, { worker, slots }) =>
  setWorker(draft, worker, { status: 'registered', slots, reason: '' })

export const workerCrashed: Reducer<'worker-crashed'> = (draft, { worker }) =>
  setWorker(draft, worker, { status: 'crashed' })

/** A worker that is already back (started again) is not lost: the job master gave up its former incarnation. */
export const workerLost: Reducer<'worker-lost'> = (draft, { worker, reason }) => {
  if (draft.workers.get(worker)?.status !== 'starting')
    setWorker(draft, worker, { status: 'lost', reason })
}

function setWorker(draft: Draft, id: WorkerId, change: Partial<WorkerState>): void {
  draft.workers.set(id, { ...(draft.workers.get(id) ?? emptyWorker(id)), ...change })
}
