/**
 * Thrown where a job does what the reference model does not know, such as setting a timer: not an error of the job or
 * of the model. What comes of it is judged by runs without failures instead (check-twins.ts).
 */
export class NotInterpreted extends Error {
  constructor(what: string) {
    super(`The reference model does not interpret this: ${what}.`)
    this.name = 'NotInterpreted'
  }
}
