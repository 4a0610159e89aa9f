/** Which spec becomes which trigger, with its states and timers. */
import { unreachable } from '../assert.ts'
import type { TimeDomain } from '../operator/functions.ts'
import type { TimerService } from '../operator/operator.ts'
import { numberState, valueState } from '../state/descriptors.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import { ContinuousTrigger } from './continuous-trigger.ts'
import { PurgingTrigger, TimeoutTrigger } from './nesting-triggers.ts'
import { CountTrigger, DeltaTrigger, NeverTrigger } from './record-triggers.ts'
import type { RunningTrigger } from './running-trigger.ts'
import { TimeTrigger } from './time-trigger.ts'
import type { Trigger } from './window-spec.ts'
import { windowTimers } from './window-timers.ts'
import type { WindowTimers } from './window-timers.ts'

/** What triggers share. States of the same name are the same state, as in Flink. */
export interface TriggerSurroundings {
  readonly uid: string
  readonly state: KeyedStateBackend
  readonly timers: TimerService
}

export function createTrigger(trigger: Trigger, around: TriggerSurroundings): RunningTrigger {
  switch (trigger.type) {
    case 'event-time':
      return new TimeTrigger('event', timersOf('event', around))
    case 'processing-time':
      return new TimeTrigger('processing', timersOf('processing', around))
    case 'count':
      return new CountTrigger(trigger.count, numberOf('count', around))
    case 'continuous-event-time':
      return continuous('event', trigger.intervalMs, around)
    case 'continuous-processing-time':
      return continuous('processing', trigger.intervalMs, around)
    case 'delta': {
      const options = { namespaced: true }
      const name = `${around.uid}.trigger.last-record`
      const last = around.state.valueState(valueState<unknown>(name, undefined, options))
      return new DeltaTrigger(trigger.threshold, trigger.delta, last)
    }
    case 'purging':
      return new PurgingTrigger(createTrigger(trigger.of, around))
    case 'processing-time-timeout':
      return new TimeoutTrigger(
        trigger,
        createTrigger(trigger.of, around),
        timersOf('processing', around),
        numberOf('timeout', around),
      )
    case 'never':
      return new NeverTrigger()
    default:
      return unreachable(trigger)
  }
}

function continuous(
  domain: TimeDomain,
  intervalMs: number,
  around: TriggerSurroundings,
): RunningTrigger {
  const fireTime = numberOf('fire-time', around)
  return new ContinuousTrigger(domain, intervalMs, timersOf(domain, around), fireTime)
}

function timersOf(domain: TimeDomain, { timers }: TriggerSurroundings): WindowTimers {
  return windowTimers(domain, timers)
}

function numberOf(
  name: string,
  { uid, state }: TriggerSurroundings,
): ReturnType<KeyedStateBackend['numberState']> {
  return state.numberState(numberState(`${uid}.trigger.${name}`, { namespaced: true }))
}
