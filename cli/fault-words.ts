/** Faults in words: what was planned, and what became of it. */
import { FAULT_DEFAULTS } from '../sim/index.ts'
import type { Fault, FaultReport } from '../sim/index.ts'
import { milliseconds } from './terminal.ts'

/** `crash worker-1 at 2,500.0 ms`. */
export function faultWords(fault: Fault): string {
  switch (fault.kind) {
    case 'crash': {
      const { on, at, restartAfterMs } = fault
      const back = restartAfterMs === undefined ? '' : `, back after ${restartAfterMs} ms`
      return `crash ${on} ${momentWords(at)}${back}`
    }
    case 'fail':
      return `fail ${fault.on} ${momentWords(fault.at)}`
    case 'compact':
      return `compact ${fault.on} ${momentWords(fault.at)}`
    case 'sever': {
      const { on, to, at, isOneWay } = fault
      const link = isOneWay === true ? `from ${on} to ${to}` : `between ${on} and ${to}`
      const forMs = fault.forMs ?? FAULT_DEFAULTS.forMs
      return `sever the link ${link} for ${forMs} ms ${momentWords(at)}`
    }
    case 'drop': {
      const { message, on, to, at, count = FAULT_DEFAULTS.count } = fault
      const link = to === undefined ? `of ${on}` : `from ${on} to ${to}`
      return `lose ${count === 1 ? '' : `${count} times `}${message} ${link}, ${momentWords(at, 'message')}`
    }
    case 'delay': {
      const delayMs = fault.delayMs ?? FAULT_DEFAULTS.delayMs
      return `delay ${fault.request} of ${fault.on} by ${delayMs} ms, ${momentWords(fault.at)}`
    }
    case 'duplicate': {
      const delayMs = fault.delayMs ?? FAULT_DEFAULTS.duplicateAfterMs
      const later = delayMs === 0 ? 'at once' : `${delayMs} ms later`
      return `repeat ${fault.request} of ${fault.on} ${later}, ${momentWords(fault.at)}`
    }
    case 'lose-response':
      return `lose the answer to ${fault.request} of ${fault.on}, ${momentWords(fault.at)}`
  }
}

export function momentWords(at: Fault['at'], counted = 'request'): string {
  if ('t' in at) return `at ${milliseconds(at.t)} ms`
  if ('point' in at) return `right after ${at.point} number ${at.nth}`
  return `${counted} number ${at.nth}`
}

/** `fired at 4,152.7 ms, phase snapshotting`. */
export function outcomeWords({ outcome, phase, firedAt, on }: FaultReport): string {
  switch (outcome) {
    case 'fired': {
      const when = firedAt === null ? '' : ` at ${milliseconds(firedAt)} ms`
      return `fired${when}${phase === null ? '' : `, phase ${phase}`}`
    }
    case 'not-reached':
      return 'not reached: the run was over before'
    case 'no-effect':
      return `without effect: ${on} was down already, or had nothing to do`
  }
}
