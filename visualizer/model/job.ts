/** The job as a whole: its status, the faults that fired, the end of the run. */
import type { Reducer } from './reducer.ts'

export const jobStatusChanged: Reducer<'job-status-changed'> = (draft, { status, reason }) => {
  draft.job = { ...draft.job, status, reason }
}

export const restartCounted: Reducer<'restart-started'> = (draft, { restart }) => {
  draft.job = { ...draft.job, restarts: restart }
}

export const inputFinished: Reducer<'input-finished'> = (draft) => {
  draft.job = { ...draft.job, isInputFinished: true }
}

export const runEnded: Reducer<'run-ended'> = (draft, { reason }) => {
  draft.job = { ...draft.job, endReason: reason }
}

export const faultFired: Reducer<'fault-fired'> = (draft, { fault, kind, on, phase, at }) => {
  draft.faults.set(fault, { fault, kind, on, phase, at })
}
