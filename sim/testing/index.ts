/**
 * Weir's test library: `import { operatorHarness, exactlyOnce } from 'weirstream/testing'`. The only part of Weir outside its
 * own tests that uses fast-check.
 */
export { runCampaign, withDeterminism } from './campaign.ts'
export type { CampaignOptions, CampaignResult, FaultCounts } from './campaign.ts'
export { exactlyOnce } from './exactly-once.ts'
export { operatorHarness } from './operator-harness.ts'
export type {
  HarnessControl,
  HarnessElement,
  HarnessInput,
  HarnessOptions,
  HarnessRecord,
  HarnessService,
  HarnessSnapshot,
  OperatorHarness,
} from './operator-harness.ts'
export { crashFault, faultPlan, requestFault } from './fault-plan.ts'
export type { PlanArbitraryOptions } from './fault-plan.ts'
