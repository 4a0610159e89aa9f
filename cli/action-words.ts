/** Actions in words: what somebody was to do with the job, and what became of it. */
import type { Action, ActionReport } from '../sim/index.ts'
import { momentWords } from './fault-words.ts'
import { milliseconds } from './terminal.ts'

/** `rescale to 3 at 2,500.0 ms`. */
export function actionWords(action: Action): string {
  const when = momentWords(action.at)
  switch (action.kind) {
    case 'savepoint':
      return `take a savepoint ${when}`
    case 'stop':
      return `stop with a savepoint${action.drain === true ? ', drained,' : ''} and start again ${when}`
    case 'rescale':
      return `rescale to ${action.parallelism} ${when}`
    case 'cancel':
      return `cancel and start again ${when}`
  }
}

/** `done at 2,512.6 ms, at the third try`. */
export function actionOutcomeWords({ outcome, doneAt, tries, reason }: ActionReport): string {
  const how = tries > 1 ? `, try ${tries}` : ''
  switch (outcome) {
    case 'done':
      return `done at ${milliseconds(doneAt ?? 0)} ms${how}`
    case 'failed':
      return `failed${how}: ${reason}`
    case 'not-reached':
      return 'not reached: the run was over before'
  }
}
