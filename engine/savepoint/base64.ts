/** Bytes as text (RFC 4648, section 4, with padding), for files that people read. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** Padded to whole groups of four, or nothing. */
const FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export function toBase64(bytes: Uint8Array): string {
  let encoded = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3)
    const word = (a << 16) | (b << 8) | c
    for (const shift of [18, 12, 6, 0]) encoded += ALPHABET.charAt((word >> shift) & 63)
  }
  const padding = (3 - (bytes.length % 3)) % 3
  return encoded.slice(0, encoded.length - padding) + '='.repeat(padding)
}

/** Undefined when the text is no such bytes. */
export function fromBase64(encoded: string): Uint8Array | undefined {
  if (!FORM.test(encoded)) return undefined
  const padding = encoded.endsWith('==') ? 2 : encoded.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((encoded.length / 4) * 3 - padding)
  for (let group = 0; group * 4 < encoded.length; group += 1) {
    let word = 0
    for (let i = 0; i < 4; i += 1) {
      word = (word << 6) | Math.max(0, ALPHABET.indexOf(encoded.charAt(group * 4 + i)))
    }
    bytes.set(
      [(word >> 16) & 255, (word >> 8) & 255, word & 255].slice(0, bytes.length - group * 3),
      group * 3,
    )
  }
  return bytes
}
