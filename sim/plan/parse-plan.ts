/**
 * Reads a plan from JSON and writes it. Whoever gives a plan — a file, a URL, a person — gets one sentence that names the
 * field, what was given and what is allowed.
 */
import { ConfigurationError } from '../../engine/errors.ts'
import { MUTANTS } from '../../engine/mutants.ts'
import type { MutantName } from '../../engine/mutants.ts'
import { FACT_TYPES, MESSAGE_TYPES, REQUEST_TYPES } from './names.ts'
import { workersOf } from './plan.ts'
import type {
  Fault,
  Action,
  FaultMoment,
  Plan,
  PlanConfig,
  PlanInput,
  PlanJob,
  RequestFault,
  RequestMoment,
} from './plan.ts'

type Fields = Readonly<Record<string, unknown>>

/** Throws ConfigurationError (code `bad-plan`) for anything that is not a plan. */
export function parsePlan(json: string): Plan {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new ConfigurationError(
      'bad-plan',
      'The plan is not JSON; it must be a JSON object like {"v":1,"job":…,"seed":7,…}.',
    )
  }
  return checkPlan(value)
}

/** The plan as JSON, with defaults left out as they were. */
export function encodePlan(plan: Plan): string {
  return JSON.stringify(plan)
}

/** Checks a value that should be a plan. Throws ConfigurationError (code `bad-plan`). */
export function checkPlan(value: unknown): Plan {
  const fields = objectAt('the plan', value)
  onlyFields('the plan', fields, [
    'v',
    'job',
    'config',
    'seed',
    'input',
    'faults',
    'actions',
    'mutant',
  ])
  if (fields.v !== 1) throw bad('v', fields.v, '1')
  const config = checkConfig(fields.config)
  const faults = arrayAt('faults', fields.faults).map((fault, index) =>
    checkFault(`faults[${index}]`, fault, config),
  )
  const plan: Plan = {
    v: 1,
    job: checkJob(fields.job),
    config,
    seed: integerAt('seed', fields.seed, 0, 0xffff_ffff),
    input: checkInput(fields.input),
    faults,
  }
  return {
    ...plan,
    ...(fields.actions === undefined ? {} : { actions: checkActions(fields.actions) }),
    ...(fields.mutant === undefined ? {} : { mutant: checkMutant(fields.mutant) }),
  }
}

function checkActions(value: unknown): Action[] {
  return arrayAt('actions', value).map((action, index) => checkAction(`actions[${index}]`, action))
}

function checkAction(path: string, value: unknown): Action {
  const fields = objectAt(path, value)
  const kind = oneOf(`${path}.kind`, fields.kind, ['savepoint', 'stop', 'rescale', 'cancel'])
  const at = pointAt(path, fields)
  switch (kind) {
    case 'rescale':
      onlyFields(path, fields, ['kind', 'at', 'parallelism'])
      return { kind, at, parallelism: integerAt(`${path}.parallelism`, fields.parallelism, 1, 128) }
    case 'stop':
      onlyFields(path, fields, ['kind', 'at', 'drain'])
      return fields.drain === undefined
        ? { kind, at }
        : { kind, at, drain: flagAt(`${path}.drain`, fields.drain) }
    case 'savepoint':
    case 'cancel':
      onlyFields(path, fields, ['kind', 'at'])
      return { kind, at }
    default:
      throw bad(`${path}.kind`, kind, 'savepoint, stop, rescale or cancel')
  }
}

/** The name of a mutant, or ConfigurationError with the list of all. */
export function checkMutant(value: unknown): MutantName {
  for (const name of mutantNames()) if (name === value) return name
  throw bad('mutant', value, `one of ${mutantNames().join(', ')}`)
}

export function mutantNames(): MutantName[] {
  return Object.keys(MUTANTS).filter((name): name is MutantName => name in MUTANTS)
}

function checkJob(value: unknown): PlanJob {
  const fields = objectAt('job', value)
  if ('builtin' in fields) {
    onlyFields('job', fields, ['builtin'])
    return { builtin: stringAt('job.builtin', fields.builtin) }
  }
  onlyFields('job', fields, ['module', 'sha256'])
  return {
    module: stringAt('job.module', fields.module),
    sha256: stringAt('job.sha256', fields.sha256),
  }
}

function checkInput(value: unknown): PlanInput {
  const fields = objectAt('input', value)
  if ('file' in fields) {
    onlyFields('input', fields, ['file', 'sha256'])
    return {
      file: stringAt('input.file', fields.file),
      sha256: stringAt('input.sha256', fields.sha256),
    }
  }
  onlyFields('input', fields, ['generator', 'params'])
  const params: Record<string, number> = {}
  for (const [name, param] of Object.entries(objectAt('input.params', fields.params))) {
    params[name] = integerAt(`input.params.${name}`, param, 0, Number.MAX_SAFE_INTEGER)
  }
  return { generator: stringAt('input.generator', fields.generator), params }
}

function checkConfig(value: unknown): PlanConfig {
  const fields = objectAt('config', value)
  const limits: Record<string, readonly [least: number, most: number]> = {
    parallelism: [1, 128],
    checkpointIntervalMs: [10, 3_600_000],
    workers: [1, 64],
    heartbeatIntervalMs: [1, 3_600_000],
    heartbeatTimeoutMs: [1, 3_600_000],
    restartDelayMs: [0, 3_600_000],
    inputPartitions: [1, 128],
    outputPartitions: [1, 128],
    inputDurationMs: [1, 86_400_000],
    recordMicros: [0, 1_000_000],
    materializeIntervalMs: [1, 3_600_000],
    alignedTimeoutMs: [0, 3_600_000],
  }
  onlyFields('config', fields, [
    ...Object.keys(limits),
    'inputPartitioning',
    'checkpointMode',
    'unaligned',
    'stateBackend',
    'incremental',
    'localRecovery',
    'changelog',
  ])
  const numbers: Record<string, number> = {}
  for (const [name, [least, most]] of Object.entries(limits)) {
    const given = fields[name]
    if (given !== undefined) numbers[name] = integerAt(`config.${name}`, given, least, most)
  }
  return {
    ...numbers,
    ...checkPartitioning(fields),
    ...checkAlignment(fields),
    ...checkState(fields),
    ...checkChangelog(fields),
  }
}

function checkAlignment({ checkpointMode, unaligned }: Fields): PlanConfig {
  if (
    checkpointMode !== undefined &&
    checkpointMode !== 'exactly-once' &&
    checkpointMode !== 'at-least-once'
  ) {
    throw bad('config.checkpointMode', checkpointMode, '"exactly-once" or "at-least-once"')
  }
  return {
    ...(checkpointMode === undefined ? {} : { checkpointMode }),
    ...(unaligned === undefined ? {} : { unaligned: booleanAt('unaligned', unaligned) }),
  }
}

function checkPartitioning({ inputPartitioning }: Fields): PlanConfig {
  if (inputPartitioning === undefined) return {}
  if (inputPartitioning === 'round-robin' || inputPartitioning === 'by-key') {
    return { inputPartitioning }
  }
  throw bad('config.inputPartitioning', inputPartitioning, '"round-robin" or "by-key"')
}

function checkState({ stateBackend, incremental, localRecovery }: Fields): PlanConfig {
  if (stateBackend !== undefined && stateBackend !== 'heap' && stateBackend !== 'lsm') {
    throw bad('config.stateBackend', stateBackend, '"heap" or "lsm"')
  }
  return {
    ...(stateBackend === undefined ? {} : { stateBackend }),
    ...(incremental === undefined ? {} : { incremental: booleanAt('incremental', incremental) }),
    ...(localRecovery === undefined
      ? {}
      : { localRecovery: booleanAt('localRecovery', localRecovery) }),
  }
}

function checkChangelog({ changelog }: Fields): PlanConfig {
  if (changelog === undefined) return {}
  if (changelog === 'none' || changelog === 'storage' || changelog === 'kafka') return { changelog }
  throw bad('config.changelog', changelog, '"none", "storage" or "kafka"')
}

function flagAt(path: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw bad(path, value, 'true or false')
}

function booleanAt(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw bad(`config.${name}`, value, 'true or false')
}

function checkFault(path: string, value: unknown, config: PlanConfig): Fault {
  const fields = objectAt(path, value)
  const { kind } = fields
  switch (kind) {
    case 'crash':
      return checkCrash(path, fields, config)
    case 'fail':
    case 'compact':
      onlyFields(path, fields, ['kind', 'on', 'at'])
      return { kind, on: stringAt(`${path}.on`, fields.on), at: pointAt(path, fields) }
    case 'sever':
      return checkSever(path, fields, config)
    case 'drop':
      return checkDrop(path, fields, config)
    case 'delay':
    case 'duplicate':
    case 'lose-response':
      return checkRequest(path, kind, fields, config)
    default:
      throw bad(`${path}.kind`, kind, FAULT_KINDS)
  }
}

const FAULT_KINDS =
  '"crash", "fail", "sever", "drop", "compact", "delay", "duplicate" or "lose-response"'

function checkRequest(
  path: string,
  kind: RequestFault['kind'],
  fields: Fields,
  config: PlanConfig,
): Fault {
  onlyFields(path, fields, ['kind', 'on', 'request', 'at', 'delayMs'])
  const request = REQUEST_TYPES.find((type) => type === fields.request)
  if (request === undefined)
    throw bad(`${path}.request`, fields.request, `one of ${REQUEST_TYPES.join(', ')}`)
  const at = occurrenceAt(path, fields)
  const fault: Fault = { kind, on: processAt(`${path}.on`, fields.on, config), request, at }
  if (fields.delayMs === undefined) return fault
  return { ...fault, delayMs: integerAt(`${path}.delayMs`, fields.delayMs, 0, 600_000) }
}

function checkCrash(path: string, fields: Fields, config: PlanConfig): Fault {
  onlyFields(path, fields, ['kind', 'on', 'at', 'restartAfterMs'])
  const at = pointAt(path, fields)
  const fault: Fault = { kind: 'crash', on: processAt(`${path}.on`, fields.on, config), at }
  if (fields.restartAfterMs === undefined) return fault
  return {
    ...fault,
    restartAfterMs: integerAt(`${path}.restartAfterMs`, fields.restartAfterMs, 0, 3_600_000),
  }
}

function checkSever(path: string, fields: Fields, config: PlanConfig): Fault {
  onlyFields(path, fields, ['kind', 'on', 'to', 'at', 'forMs', 'isOneWay'])
  const on = processAt(`${path}.on`, fields.on, config)
  const fault: Fault = {
    kind: 'sever',
    on,
    to: otherAt(path, on, fields, config),
    at: pointAt(path, fields),
  }
  const { forMs, isOneWay } = fields
  if (isOneWay !== undefined && typeof isOneWay !== 'boolean') {
    throw bad(`${path}.isOneWay`, isOneWay, 'true or false')
  }
  return {
    ...fault,
    ...(forMs === undefined ? {} : { forMs: integerAt(`${path}.forMs`, forMs, 1, 600_000) }),
    ...(isOneWay === undefined ? {} : { isOneWay }),
  }
}

function checkDrop(path: string, fields: Fields, config: PlanConfig): Fault {
  onlyFields(path, fields, ['kind', 'message', 'on', 'to', 'at', 'count'])
  const message = MESSAGE_TYPES.find((type) => type === fields.message)
  if (message === undefined)
    throw bad(`${path}.message`, fields.message, `one of ${MESSAGE_TYPES.join(', ')}`)
  const on = processAt(`${path}.on`, fields.on, config)
  const { to, count } = fields
  return {
    kind: 'drop',
    message,
    on,
    ...(to === undefined ? {} : { to: otherAt(path, on, fields, config) }),
    at: occurrenceAt(path, fields),
    ...(count === undefined ? {} : { count: integerAt(`${path}.count`, count, 1, 1000) }),
  }
}

/** A time or the nth fact of a kind. */
function pointAt(path: string, fields: Fields): FaultMoment {
  const at = objectAt(`${path}.at`, fields.at)
  onlyFields(`${path}.at`, at, 't' in at ? ['t'] : ['point', 'nth'])
  if ('t' in at) return { t: timeAt(`${path}.at.t`, at.t) }
  const point = FACT_TYPES.find((type) => type === at.point)
  if (point === undefined)
    throw bad(`${path}.at.point`, at.point, `one of ${FACT_TYPES.join(', ')}`)
  return { point, nth: integerAt(`${path}.at.nth`, at.nth, 1, Number.MAX_SAFE_INTEGER) }
}

/** A time or the nth of what is counted. */
function occurrenceAt(path: string, fields: Fields): RequestMoment {
  const at = objectAt(`${path}.at`, fields.at)
  onlyFields(`${path}.at`, at, 't' in at ? ['t'] : ['nth'])
  if ('t' in at) return { t: timeAt(`${path}.at.t`, at.t) }
  return { nth: integerAt(`${path}.at.nth`, at.nth, 1, Number.MAX_SAFE_INTEGER) }
}

function processAt(path: string, value: unknown, config: PlanConfig): string {
  return oneOf(path, value, [...workersOf(config), 'job-master'])
}

/** The other end of a link. */
function otherAt(path: string, on: string, fields: Fields, config: PlanConfig): string {
  const others = [...workersOf(config), 'job-master'].filter((name) => name !== on)
  return oneOf(`${path}.to`, fields.to, others)
}

function oneOf(path: string, value: unknown, allowed: readonly string[]): string {
  const found = allowed.find((name) => name === value)
  if (found === undefined) throw bad(path, value, `one of ${allowed.join(', ')}`)
  return found
}

function objectAt(path: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw bad(path, value, 'a JSON object')
  }
  return { ...value }
}

function arrayAt(path: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(path, value, 'a list')
  return value
}

function stringAt(path: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw bad(path, value, 'a text that is not empty')
  return value
}

function integerAt(path: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
    return value
  }
  throw bad(path, value, `a whole number from ${least} to ${most}`)
}

/** Virtual milliseconds; fractions down to a microsecond are allowed, as a playhead has them. */
function timeAt(path: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 86_400_000) return value
  throw bad(path, value, 'a time in ms from 0 to 86400000')
}

function onlyFields(path: string, fields: Fields, allowed: readonly string[]): void {
  for (const name of Object.keys(fields)) {
    if (!allowed.includes(name)) {
      throw new ConfigurationError(
        'bad-plan',
        `In the plan, ${path} has the unknown field "${name}"; allowed are ${allowed.join(', ')}.`,
      )
    }
  }
}

function bad(path: string, given: unknown, allowed: string): ConfigurationError {
  const shown = given === undefined ? 'missing' : JSON.stringify(given)
  return new ConfigurationError(
    'bad-plan',
    `In the plan, ${path} is ${shown}; it must be ${allowed}.`,
  )
}
