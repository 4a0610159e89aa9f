/**
 * `--input FILE`: an access log, or lines that are `ip,bytes` already, plain or packed by gzip. Its hash is that of the
 * unpacked text, which is also what the page is served: a log keeps its plan when it is rotated and packed.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { accessLogRecords } from '../sim/index.ts'
import { usage } from './arguments.ts'

export interface InputFile {
  readonly path: string
  /** Its name without folder, as the plan names it. */
  readonly name: string
  /** Of `content`. */
  readonly sha256: string
  /** The text, unpacked. */
  readonly content: Uint8Array
  /** What is fed, in order: `ip,bytes`, or the line itself where it is no line of a log. */
  readonly lines: readonly string[]
}

/** More does not fit into the memory of a run (some 5 KB per record); a part of the file tells as much. */
const LINES_MAX = 400_000
const SIZE_MAX_BYTES = 256 * 1024 * 1024
/** A text has no zero byte; a binary file has one soon. */
const LOOKED_AT_BYTES = 64 * 1024

/** Throws ConfigurationError for a file that is missing, empty, too large or not a text. */
export function readInputFile(path: string): InputFile {
  const given = readFileBytes(
    path,
    'an access log in common or combined format, plain or packed by gzip',
  )
  const content = given[0] === 0x1f && given[1] === 0x8b ? unpack(path, given) : given
  if (content.length === 0) {
    throw usage(
      `${path} is empty; give an access log with at least one line, or leave out --input.`,
    )
  }
  if (content.length > SIZE_MAX_BYTES) throw tooLarge(path)
  if (content.subarray(0, LOOKED_AT_BYTES).includes(0)) {
    throw usage(`${path} is a binary file; give an access log as text or packed by gzip.`)
  }
  const lines = accessLogRecords(new TextDecoder().decode(content))
  if (lines.length > LINES_MAX) {
    throw usage(`${path} has ${lines.length} lines; give a part of it, at most ${LINES_MAX} lines.`)
  }
  return {
    path,
    name: basename(path),
    sha256: sha256Of(content),
    content,
    lines,
  }
}

export function sha256Of(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

/** The bytes of a file that a user named. Throws ConfigurationError when they cannot be read. */
export function readFileBytes(path: string, wanted: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(path, wanted, error)
  }
}

function unreadable(path: string, wanted: string, error: unknown): unknown {
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return usage(`There is no file ${path}; give the path of ${wanted}.`)
    case 'EISDIR':
      return usage(`${path} is a folder; give the path of ${wanted}.`)
    case 'EACCES':
    case 'EPERM':
      return usage(
        `${path} may not be read by this user; change its permissions or give another file.`,
      )
    case 'ERR_FS_FILE_TOO_LARGE':
      return tooLarge(path)
    default:
      return error
  }
}

/** `ENOENT` and the like; undefined for anything that is not an error of Node. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function unpack(path: string, packed: Uint8Array): Uint8Array {
  try {
    return gunzipSync(packed, { maxOutputLength: SIZE_MAX_BYTES })
  } catch (error) {
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(path)
    const reason = error instanceof Error ? error.message : String(error)
    throw usage(
      `${path} begins like a gzip file but cannot be unpacked (${reason}); give it whole.`,
    )
  }
}

function tooLarge(path: string): Error {
  const size = `${SIZE_MAX_BYTES / 1024 / 1024} MiB`
  return usage(
    `${path} is larger than ${size} of text; give a part of it, at most ${LINES_MAX} lines.`,
  )
}
