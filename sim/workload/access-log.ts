/**
 * Turns a line of an Apache or nginx access log, common or combined format, into the job's `ip,bytes`. Only the first
 * fields are read — `host ident user [time] "request" status bytes` — so that a broken user agent does not matter.
 */

/**
 * Client, then anything up to the time and the quoted request, then status and size; `-` for no body. The time is
 * bounded, so that a hostile line cannot take long.
 */
const LINE = /^(\S+) \S+ .*?\[[^\]]{0,99}\] "(?:[^"\\]|\\.)*" \d{3} (\d+|-)(?: |$)/

/** The records of a whole log: one for every line, also for those that are not of a log. */
export function accessLogRecords(log: string): string[] {
  const lines = log.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines.map(accessLogLine)
}

/** `ip,bytes` for a log line (`-` is 0), or the line itself when it is not one: the job will call it malformed. */
export function accessLogLine(line: string): string {
  const match = LINE.exec(line)
  if (match === null) return line
  const [, client, bytes] = match
  return `${client ?? ''},${bytes === '-' ? '0' : (bytes ?? '')}`
}
