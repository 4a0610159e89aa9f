// op `intervalJoin` and op `windowJoin`.

import { outputTag } from 'weirstream'
import type { CaseJob, Fields } from '../cases.ts'
import type { Program, Row } from '../program.ts'
import { assignerOf, triggerOf } from './windows.ts'
import type { CaseAssigner, CaseTrigger } from './windows.ts'

export interface IntervalJoinJob extends CaseJob {
  readonly op: 'intervalJoin'
  readonly lower: number
  readonly upper: number
  readonly lowerExclusive?: boolean
  readonly upperExclusive?: boolean
  readonly sideOutputLate?: boolean
}

export interface WindowJoinJob extends CaseJob {
  readonly op: 'windowJoin'
  readonly mode?: 'join' | 'coGroup'
  readonly assigner: CaseAssigner
  readonly trigger?: CaseTrigger
  readonly lateness?: number
}

/** A record in a window join. */
interface Side {
  readonly value: Fields
}

const LATE_LEFT = outputTag<Fields>('lateLeft')
const LATE_RIGHT = outputTag<Fields>('lateRight')

export function intervalJoinProgram(job: IntervalJoinJob): Program {
  const { sideOutputLate = false } = job
  return {
    build: (left, right) =>
      left
        .keyBy(({ k }) => k)
        .intervalJoin(
          right.keyBy(({ k }) => k),
          {
            lowerBoundMs: job.lower,
            upperBoundMs: job.upper,
            lowerExclusive: job.lowerExclusive ?? false,
            upperExclusive: job.upperExclusive ?? false,
            ...(sideOutputLate ? { leftLateOutput: LATE_LEFT, rightLateOutput: LATE_RIGHT } : {}),
          },
        )
        .process<Row>((l, r, context) => {
          const { key, leftTimestamp: leftTs, rightTimestamp: rightTs } = context
          context.collect({ key, left: l.id, right: r.id, leftTs, rightTs })
        }),
    ...(sideOutputLate ? { recordSides: [LATE_LEFT.name, LATE_RIGHT.name] } : {}),
    hasWatermarks: true,
  }
}

export function windowJoinProgram(job: WindowJoinJob): Program {
  const key = ({ k }: Fields): string => k
  return {
    build(left, right) {
      const joined = left.join(right, {
        where: key,
        equalTo: key,
        window: assignerOf<Fields>(job.assigner),
        ...(job.trigger === undefined
          ? {}
          : { trigger: triggerOf<Side>(job.trigger, ({ value }) => value) }),
        ...(job.lateness === undefined ? {} : { allowedLatenessMs: job.lateness }),
      })
      return job.mode === 'coGroup'
        ? joined.coGroup<Row>((lefts, rights) => [
            {
              key: [...lefts, ...rights].map(key)[0] ?? null,
              left: ids(lefts),
              right: ids(rights),
            },
          ])
        : joined.apply<Row>((l, r) => ({ key: l.k, left: l.id, right: r.id }))
    },
    hasWatermarks: true,
  }
}

function ids(records: readonly Fields[]): readonly number[] {
  return records.map(({ id }) => id).sort((a, b) => a - b)
}
