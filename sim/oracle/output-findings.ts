/** What the checks of the output counted, beside the violations. */

export interface OutputFindings {
  readonly expected: number
  readonly lost: number
  readonly duplicated: number
  /** Keys whose fold order the output does not show, so that their values were not judged. */
  readonly uncertainKeys: number
  /** Topics whose content was not judged, or not all of it. */
  readonly unjudged: readonly UnjudgedTopic[]
}

export interface UnjudgedTopic {
  readonly topic: string
  /** One clause. */
  readonly reason: string
}
