/** The Markdown documents of the repository, and what can be read off them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

export interface Document {
  readonly path: string
  readonly text: string
}

export interface CodeBlock {
  readonly language: string
  /** The name in a first line like `// job.ts`: the block is a complete file. */
  readonly file: string | null
  readonly code: string
}

/** A module as docs/modules.md lists it. */
export interface ListedModule {
  readonly path: string
  readonly words: string
}

/** A paragraph of the code map. */
export interface MappedFolder {
  /** Ends in a slash. */
  readonly folder: string
  readonly files: readonly string[]
  readonly text: string
}

/** Every document, those of a folder in the order of their names. */
export function readDocuments(): Document[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  const paths = [...readdirSync(root), ...below.map((name) => `docs/${name.replaceAll('\\', '/')}`)]
  return paths
    .filter((path) => path.endsWith('.md'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Targets of links and pictures outside of code. */
export function linksOf(text: string): string[] {
  const prose = withoutBlocks(text).replaceAll(/`[^`\n]*`/g, 'code')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '')
}

/** The anchors that GitHub makes for headings. */
export function anchorsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

export function codeBlocksOf(text: string): CodeBlock[] {
  return [...text.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)].map(
    ([, language = '', code = '']) => ({
      language,
      file: /^\/\/ ([\w./-]+)\n/.exec(code)?.[1] ?? null,
      code,
    }),
  )
}

/** Inline code that is one name or path; commands, expressions and numbers are left out. */
export function codeWordsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => /^[A-Za-z_.][\w./-]*$/.test(code) && !/^[A-Z]-?[A-Z]?\d+$/.test(code))
    .map((code) => code.replace(/^\.\//, '').replace(/\/$/, ''))
}

/** The entries of a list of modules: `## \`folder/\`` and below it lines `- \`module.ts\` words`. */
export function moduleListOf(text: string): ListedModule[] {
  return text.split(/^## (?=`)/m).flatMap((section) => {
    const folder = /^`([^`]*)`/.exec(section)?.[1]
    if (folder === undefined) return []
    const entries = [...section.matchAll(/^- `([\w-]+\.ts)`(.*)$/gm)]
    return entries.map(([, name, words = '']) => ({
      path: `${folder}${name}`,
      words: words.trim(),
    }))
  })
}

/** The paragraphs of the section "Code map" that begin with the name of a folder of engine or sim. */
export function codeMapOf(text: string): MappedFolder[] {
  const [, map = ''] = text.split('\n## Code map\n')
  const [section = ''] = map.split('\n## ')
  return section.split(/\*\*(?=`)/).flatMap((part) => {
    const folder = /^`((?:engine|sim)\/[a-z/]*)`/.exec(part)?.[1]
    if (folder === undefined) return []
    const files = [...part.matchAll(/`([\w-]+\.ts)`/g)].map(([, name = '']) => name)
    return [{ folder, files, text: part }]
  })
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '')
}
