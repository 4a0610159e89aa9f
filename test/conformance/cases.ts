// Conformance cases as data: a job, a scripted input, and what Apache Flink 2.2.0 made of it. Steps are
// done strictly in order; `at` in a row is the number of the step that emitted it. Times are ms.

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [name: string]: Json
}

/** The fields of a record. */
export interface Fields extends JsonObject {
  readonly k: string
  readonly id: number
  readonly v: number
}

/** A number of ms, or an end of event time by its name. */
export type CaseTime = number | 'min' | 'max'

/** One step of the scripted input; which fields it has says what it is. */
export interface Step {
  readonly e?: Fields
  readonly t?: number
  readonly w?: CaseTime
  readonly p?: number
  readonly idle?: boolean
  readonly restart?: true
  readonly in?: 1 | 2 | 'broadcast'
  /** Watermark valve. */
  readonly ch?: number
  /** Watermark generator. */
  readonly emit?: true
  /** Restart strategies: true; failed checkpoints: the id. */
  readonly fail?: true | number
  readonly reason?: string
  readonly success?: number
}

export type Comparison = 'sequence' | 'sequence-per-key' | 'sequence-per-window' | 'multiset'

/** By name of output: rows; `lateDropped` is a number. */
export type Outputs = Readonly<Record<string, readonly JsonObject[] | number>>

export interface ConformanceCase<J = CaseJob> {
  readonly id: string
  readonly family: string
  readonly job: J
  readonly input: readonly Step[]
  readonly end?: boolean
  readonly compare: Comparison
  readonly expected: Outputs
}

/** Every job says what it is; the rest is up to that. */
export interface CaseJob {
  readonly op: string
  /** Of whole jobs: `batch` or `streaming`. */
  readonly mode?: string
}

/** A folder without cases, or one that cannot be read. */
export class NoCases extends Error {}

/** The cases of a folder's JSON files, or of those in its folder `cases`. Throws NoCases if there are none. */
export function readCases(folder: string): readonly ConformanceCase[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new NoCases(`There is no folder ${folder}.`)
  }
  const own = jsonFiles(folder)
  const files = own.length > 0 ? own : jsonFiles(join(folder, 'cases'))
  const cases = files.flatMap(readFile)
  if (cases.length === 0) {
    throw new NoCases(`There are no cases in ${folder}: neither in its *.json nor in cases/*.json.`)
  }
  return cases
}

function jsonFiles(folder: string): readonly string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return []
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return names.sort().map((name) => join(folder, name))
}

function readFile(path: string): readonly ConformanceCase[] {
  const content: unknown = parse(path)
  const cases: unknown[] = Array.isArray(content) ? content : [content]
  if (cases.every(isCase)) return cases
  throw new NoCases(`${basename(path)} holds something that is not a case with id, job and input.`)
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new NoCases(`${path} cannot be read as JSON: ${reason}.`)
  }
}

function isCase(value: unknown): value is ConformanceCase {
  if (typeof value !== 'object' || value === null) return false
  const { id, job, input, expected }: Partial<ConformanceCase> = value
  return (
    typeof id === 'string' &&
    typeof job === 'object' &&
    typeof expected === 'object' &&
    Array.isArray(input)
  )
}

/** A field as a number; one that the record does not have is 0. */
export function numberIn(fields: JsonObject, field: string): number {
  return Number(fields[field] ?? 0)
}

/** A field as text; one that is none is empty. */
export function textIn(fields: JsonObject, field: string): string {
  const value = fields[field]
  return typeof value === 'string' ? value : ''
}

export function timeOf(time: CaseTime): number {
  if (time === 'min') return Number.NEGATIVE_INFINITY
  return time === 'max' ? Number.POSITIVE_INFINITY : time
}

export function timeName(time: number): CaseTime {
  if (time === Number.NEGATIVE_INFINITY) return 'min'
  return time === Number.POSITIVE_INFINITY ? 'max' : time
}
