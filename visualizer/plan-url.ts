/**
 * A plan as a link: `#p=` base64url(deflate-raw(JSON)) and `&h=` the hash of the trace it gave, so that whoever
 * opens it sees whether it is the same run. Everything is in the fragment, which no server ever receives.
 * Knows no plan fields: the simulator's `decodePlan` judges the JSON.
 */

export interface RunLink {
  /** The plan's JSON text. */
  readonly planJson: string
  readonly traceHash: string | null
}

export async function encodeRunLink({ planJson, traceHash }: RunLink): Promise<string> {
  const packed = await pipe(
    new TextEncoder().encode(planJson),
    new CompressionStream('deflate-raw'),
  )
  return `#p=${toBase64Url(packed)}${traceHash === null ? '' : `&h=${traceHash}`}`
}

/** The link in a location's hash, or null when it holds none. Rejects with one sentence when it is damaged. */
export async function decodeRunLink(hash: string): Promise<RunLink | null> {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  const packed = fields.get('p')
  if (packed === null) return null
  try {
    const bytes = await pipe(fromBase64Url(packed), new DecompressionStream('deflate-raw'))
    return { planJson: new TextDecoder().decode(bytes), traceHash: fields.get('h') }
  } catch {
    throw new Error('The link is damaged: the part after "#p=" cannot be unpacked.')
  }
}

async function pipe(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(transform)
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
