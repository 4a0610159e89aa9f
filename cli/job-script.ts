/**
 * A job module as JavaScript for the page's worker: types stripped, `weirstream` and the module's own files pointed to
 * where the page's server has them. Every file is served under the hash of what it was before.
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { sha256Of } from './input-file.ts'

/** `from '…'`, `import '…'` and `import('…')`, with the text before the specifier. */
const SPECIFIER = /(\b(?:from|import)\s*\(?\s*)(["'])([^"'\n]+)\2/g

/** The scripts of a job module and of every file it imports by a relative path, by the hash of the file. */
export function jobScripts(file: string): ReadonlyMap<string, string> {
  const scripts = new Map<string, string>()
  addScript(file, scripts)
  return scripts
}

/** Returns the hash under which the file's script is found. */
function addScript(file: string, scripts: Map<string, string>): string {
  const content = readFileSync(file)
  const sha256 = sha256Of(content)
  if (scripts.has(sha256)) return sha256
  // Before its imports, so that a circle of imports ends here.
  scripts.set(sha256, '')
  const source = content.toString()
  const code = /^\.[cm]?ts$/.test(extname(file)) ? stripTypes(source) : source
  const script = code.replaceAll(
    SPECIFIER,
    (_, before: string, quote: string, specifier: string) =>
      `${before}${quote}${addressOf(specifier, file, scripts)}${quote}`,
  )
  scripts.set(sha256, script)
  return sha256
}

function addressOf(specifier: string, importer: string, scripts: Map<string, string>): string {
  if (specifier === 'weirstream') return '../weirstream.js'
  if (!/^\.\.?\//.test(specifier)) return specifier
  return `./${addScript(resolve(dirname(importer), specifier), scripts)}.js`
}

/** The code with blanks for types, as Node itself runs it; without Node's warning that this is new. */
function stripTypes(source: string): string {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => undefined
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}
