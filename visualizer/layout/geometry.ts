/** Points, boxes, and lines of straight pieces with the place at a share of their length. */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Box extends Point {
  readonly width: number
  readonly height: number
}

export interface Route {
  readonly from: Point
  /** Where it bends. */
  readonly via: readonly Point[]
  readonly to: Point
  readonly length: number
}

/** A point of a route with the direction of its piece in degrees. */
export interface Place extends Point {
  readonly angle: number
}

export function route(from: Point, to: Point, via: readonly Point[] = []): Route {
  const points = [from, ...via, to]
  const length = points.reduce((sum, point, index) => sum + distance(points[index - 1], point), 0)
  return { from, via, to, length }
}

export function pointsOf({ from, via, to }: Route): readonly Point[] {
  return [from, ...via, to]
}

/** The place at `progress` (0..1) of a route. */
export function placeAt({ from, via, to, length }: Route, progress: number): Place {
  let left = Math.min(Math.max(progress, 0), 1) * length
  let start = from
  for (const end of [...via, to]) {
    const piece = distance(start, end)
    if (left <= piece || end === to) return between(start, end, piece === 0 ? 0 : left / piece)
    left -= piece
    start = end
  }
  return { ...to, angle: 0 }
}

/** For the attribute `points` of a polyline. */
export function polyline(way: Route): string {
  return pointsOf(way)
    .map(({ x, y }) => `${x},${y}`)
    .join(' ')
}

function between(from: Point, to: Point, share: number): Place {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const angle = (Math.atan2(dy, dx) * 180) / Math.PI
  return { x: from.x + dx * Math.min(share, 1), y: from.y + dy * Math.min(share, 1), angle }
}

function distance(from: Point | undefined, to: Point): number {
  return from === undefined ? 0 : Math.hypot(to.x - from.x, to.y - from.y)
}
