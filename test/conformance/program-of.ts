// Which program a job is.

import type { CaseJob } from './cases.ts'
import type { Program } from './program.ts'
import { broadcastProgram } from './programs/broadcasting.ts'
import type { BroadcastJob } from './programs/broadcasting.ts'
import { connectProgram } from './programs/connecting.ts'
import type { ConnectJob } from './programs/connecting.ts'
import { intervalJoinProgram, windowJoinProgram } from './programs/joins.ts'
import type { IntervalJoinJob, WindowJoinJob } from './programs/joins.ts'
import { cepProgram } from './programs/patterns.ts'
import type { CepJob } from './programs/patterns.ts'
import { processProgram } from './programs/processing.ts'
import type { ProcessJob } from './programs/processing.ts'
import { runningProgram, statelessProgram } from './programs/transformations.ts'
import type { RunningJob, StatelessJob } from './programs/transformations.ts'
import { assignWatermarksProgram } from './programs/watermarks.ts'
import type { AssignWatermarksJob } from './programs/watermarks.ts'
import { windowProgram } from './programs/windows.ts'
import type { WindowJob } from './programs/windows.ts'

type KnownJob =
  | WindowJob
  | ProcessJob
  | IntervalJoinJob
  | WindowJoinJob
  | ConnectJob
  | BroadcastJob
  | CepJob
  | RunningJob
  | StatelessJob
  | AssignWatermarksJob

export function programOf(job: CaseJob): Program {
  const known = job as KnownJob
  switch (known.op) {
    case 'window':
      return windowProgram(known)
    case 'process':
      return processProgram(known)
    case 'intervalJoin':
      return intervalJoinProgram(known)
    case 'windowJoin':
      return windowJoinProgram(known)
    case 'connect':
      return connectProgram(known)
    case 'broadcast':
      return broadcastProgram(known)
    case 'cep':
      return cepProgram(known)
    case 'running':
      return runningProgram(known)
    case 'stateless':
      return statelessProgram(known)
    case 'assignWatermarks':
      return assignWatermarksProgram(known)
    default:
      throw new Error(`There is no op "${job.op}".`)
  }
}
