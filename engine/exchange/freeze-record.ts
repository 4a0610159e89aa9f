/**
 * Makes a record that was emitted unchangeable, so that whoever changes it all the same fails there and then. Records are
 * not copied between operators: a change would show in what others were given, or have still to be given (Flink's
 * object reuse). For strict runs only. Objects of classes are left alone, as are maps, sets and bytes.
 */

export function freezeRecord(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  if (!Array.isArray(value) && !isPlain(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) freezeRecord(part)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
