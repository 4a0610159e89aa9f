/**
 * Weir's simulated world: `import { simulate } from 'weirstream/sim'`. A run is a plan, a value; the same plan gives the
 * same run and the same trace hash, in Node and in a browser.
 */
export { ConfigurationError } from '../engine/errors.ts'
export { FEATURE_MUTANTS, MUTANTS } from '../engine/mutants.ts'
export type { MutantName } from '../engine/mutants.ts'
export type { RequestType } from '../engine/kafka/protocol.ts'
export type { RecoveryDurations } from '../engine/metrics/recovery-durations.ts'
export type { Recovery } from '../engine/metrics/recovery-timeline.ts'
export type { TraceEvent, TraceLevel, TraceTopology } from '../engine/trace.ts'
export type { ActionReport } from './action-driver.ts'
export { PHASES } from './faults/phase-tracker.ts'
export type { Phase } from './faults/phase-tracker.ts'
export type { FaultOutcome, FaultReport } from './faults/fault-ledger.ts'
export type { History } from './history/history.ts'
export type { Outcome, Verdict } from './oracle/judge.ts'
export type { InvariantId, Violation } from './oracle/violation.ts'
export { checkMutant, checkPlan, encodePlan, mutantNames, parsePlan } from './plan/parse-plan.ts'
export { FACT_TYPES, FAULT_KINDS, REQUEST_TYPES } from './plan/names.ts'
export { FAULT_DEFAULTS, PLAN_DEFAULTS, workersOf } from './plan/plan.ts'
export type {
  Action,
  CrashFault,
  DropFault,
  FailFault,
  Fault,
  FaultKind,
  FaultMoment,
  Plan,
  PlanConfig,
  PlanInput,
  PlanJob,
  RequestFault,
  SentMessage,
  SeverFault,
} from './plan/plan.ts'
export { shrinkPlan } from './shrink.ts'
export type { Shrunk } from './shrink.ts'
export { simulate } from './simulate.ts'
export { Simulation } from './simulation.ts'
export type { SimulationOptions } from './simulation.ts'
export type { KeyTotal, RunSummary, SimulationResult } from './summary.ts'
export type {
  ServiceFunction,
  SimulatedService,
  SimulatedServices,
} from './world/simulated-services.ts'
export { accessLogRecords } from './workload/access-log.ts'
export { defaultInput, generateLines, inputLines } from './workload/workload.ts'
export type { WorkloadItem } from './workload/workload.ts'
