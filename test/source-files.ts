// The source files of the repository as syntax trees, for the tests that judge them.

import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = ['engine', 'sim', 'lessons', 'visualizer', 'cli', 'test']

type Comment = { readonly type: 'Line' | 'Block'; readonly value: string; readonly start: number }
export type Import = { readonly specifier: string; readonly isTypeOnly: boolean }
export type SyntaxNode = { readonly type: string; readonly start: number; readonly end: number } & {
  readonly [key: string]: unknown
}
export type Source = {
  readonly path: string
  readonly text: string
  readonly program: SyntaxNode
  readonly comments: readonly Comment[]
  readonly imports: readonly Import[]
}

/** Every source file, sorted by folder and path. */
export function readSources(): Source[] {
  return folders.flatMap(readFolder)
}

function readFolder(folder: string): Source[] {
  return readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.(ts|mjs)$/.test(path) && !path.endsWith('.d.ts'))
    .sort()
    .map((path) => parse(path, readFileSync(`${root}/${path}`, 'utf8')))
}

export function parse(path: string, text: string): Source {
  const { program, comments, module, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`)
  const tree = program as unknown as SyntaxNode
  const imports: Import[] = [
    ...module.staticImports.map(({ moduleRequest, entries }) => ({
      specifier: moduleRequest.value,
      isTypeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
    })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType }) =>
        moduleRequest ? [{ specifier: moduleRequest.value, isTypeOnly: isType }] : [],
      ),
    ),
  ]
  walk(tree, (node) => {
    if (node.type !== 'ImportExpression' && node.type !== 'TSImportType') return
    const value = (node['source'] as SyntaxNode | undefined)?.['value']
    if (typeof value !== 'string') return
    imports.push({ specifier: value, isTypeOnly: node.type === 'TSImportType' })
  })
  return { path, text, program: tree, comments, imports }
}

/** A relative import as a path of the repository; undefined for a package. */
export function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(from), specifier.replace(/\?.*$/, ''))
}

type Visit = (node: SyntaxNode, parent: SyntaxNode | undefined, key: string) => void

export function walk(node: SyntaxNode, visit: Visit, parent?: SyntaxNode, key = ''): void {
  visit(node, parent, key)
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, visit, node, name)
    }
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

export function at({ path, text }: Source, offset: number): string {
  return `${path}:${text.slice(0, offset).split('\n').length}`
}
