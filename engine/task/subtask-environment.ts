/** What a worker gives to a subtask. */
import type { JobGraph, JobVertex } from '../job/job-graph.ts'
import type { Deployment, MasterMessage } from '../messages.ts'
import type { Mutants } from '../mutants.ts'
import type { ProvenanceTracker } from '../operator/operator.ts'
import type { WorkingStore } from '../state/tiered/tiered-state-backend.ts'
import type { LocalCopies } from './local-copies.ts'
import type { BrokerPort, FilePort, Runtime, ServicePort, StoragePort } from '../runtime.ts'

export interface SubtaskEnvironment {
  readonly runtime: Runtime
  readonly broker: BrokerPort
  readonly storage: StoragePort
  readonly services: ServicePort
  readonly files: FilePort
  /** Values that user functions change in place without an update are an error. */
  readonly isStrict: boolean
  readonly mutants: Mutants
  readonly graph: JobGraph
  readonly vertex: JobVertex
  readonly deployment: Deployment
  readonly provenance: ProvenanceTracker
  /** Second copies of what the worker's subtasks stored. Absent: the job has no local recovery. */
  readonly copies?: LocalCopies | null
  /** Opens an empty store for the keyed state of an attempt. Absent: this world has none, only memory. */
  readonly openBaseStore?: (deployment: Deployment) => WorkingStore
  /** Sends to the job master. */
  report(message: MasterMessage): void
}
