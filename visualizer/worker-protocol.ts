/**
 * What the page and the worker say to each other. A run is known by a number of the page's choice; messages of a
 * run that was given up are ignored.
 */
import type { TraceEvent, TraceLevel, TraceTopology } from '../engine/trace.ts'
import type { Plan, PlanInput, SimulationResult } from '../sim/index.ts'

/** Run this plan. */
export interface ToWorker {
  readonly run: number
  readonly plan: Plan
  /** Inputs and job modules of plans are served below this address, by their hash. */
  readonly baseUrl: string
}

/** A job that ships with the page, and what it is fed if a plan does not say. */
export interface JobChoice {
  /** Its name in a plan. */
  readonly name: string
  readonly title: string
  readonly input: PlanInput
}

export type FromWorker =
  | { readonly type: 'jobs'; readonly run: number; readonly jobs: readonly JobChoice[] }
  | {
      readonly type: 'started'
      readonly run: number
      readonly topology: TraceTopology
      readonly traceLevel: TraceLevel
    }
  | { readonly type: 'events'; readonly run: number; readonly events: readonly TraceEvent[] }
  | { readonly type: 'finished'; readonly run: number; readonly result: RunResult }
  | { readonly type: 'refused'; readonly run: number; readonly problem: Problem }

/** What the page keeps of a result: the history stays in the worker. */
export type RunResult = Pick<SimulationResult, 'verdict' | 'traceHash' | 'summary' | 'faults'>

/** Why a plan cannot be run here: data, so that the page says it in the reader's language. */
export type Problem =
  | { readonly type: 'missing-input'; readonly file: string; readonly sha256: string }
  | { readonly type: 'missing-job'; readonly file: string; readonly sha256: string }
  | { readonly type: 'unknown-job'; readonly name: string; readonly known: readonly string[] }
  /** A sentence from the simulator or the engine. */
  | { readonly type: 'other'; readonly message: string }
