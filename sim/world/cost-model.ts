/** What things cost in the simulated world: integers, in microseconds unless said otherwise. */

export interface CostModel {
  /** CPU per record and chain. */
  readonly recordMicros: number
  /** CPU per byte encoded, decoded or checked. */
  readonly byteNanos: number
  /** One way between two processes, or a process and the broker: at least this… */
  readonly linkMicros: number
  /** …plus up to this, drawn for every message. */
  readonly linkJitterMicros: number
  /** A write or read of the snapshot storage: at least this… */
  readonly storageMicros: number
  /** …plus this per kilobyte. */
  readonly storageMicrosPerKilobyte: number
}

/** A local network and an object store; round figures, not calibrated on anything. */
export const DEFAULT_COSTS: Omit<CostModel, 'recordMicros'> = {
  byteNanos: 4,
  linkMicros: 250,
  linkJitterMicros: 250,
  storageMicros: 4000,
  storageMicrosPerKilobyte: 10,
}
