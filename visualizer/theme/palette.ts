/**
 * Colours by role, once: the canvas reads them here, the style sheet through custom properties set from here, the
 * test measures them here under simulated colour-vision deficiencies. Colour never stands alone: every role also
 * has a texture, glyph or word. Fills are the same in both themes; strokes carry the contrast.
 */

export type Theme = 'light' | 'dark'

export interface Paint {
  readonly fill: string
  /** At least 3:1 against the theme's surface. */
  readonly stroke: Readonly<Record<Theme, string>>
}

const GREY: Paint = { fill: '#9AA3AD', stroke: { light: '#5A6572', dark: '#C3CAD2' } }
const BLUE: Paint = { fill: '#0072B2', stroke: { light: '#004C78', dark: '#6CB9E8' } }
const ORANGE: Paint = { fill: '#E69F00', stroke: { light: '#9A6700', dark: '#FFC861' } }
const YELLOW: Paint = { fill: '#F0E442', stroke: { light: '#7A7200', dark: '#FFF48F' } }
const VERMILLION: Paint = { fill: '#D55E00', stroke: { light: '#9C4300', dark: '#FF9A52' } }

/** Records and cells by the parity of their checkpoint epoch; `none` for those of no epoch. */
export const EPOCH = { even: BLUE, odd: ORANGE, none: GREY } as const

/** The four parts of a subtask's checkpoint. */
export const CHECKPOINT_PART = {
  startDelay: GREY,
  alignment: YELLOW,
  sync: VERMILLION,
  async: BLUE,
} as const

/** The four phases of a recovery; the same four hues, which are told apart in every vision. */
export const RECOVERY_PHASE = {
  detect: VERMILLION,
  restart: GREY,
  restore: BLUE,
  catchUp: YELLOW,
} as const

export const OUTCOME = { ok: BLUE, indeterminate: ORANGE, fail: VERMILLION } as const

export const SURFACE: Readonly<Record<Theme, Readonly<Record<SurfaceRole, string>>>> = {
  light: {
    page: '#F3F5F7',
    surface: '#FFFFFF',
    raised: '#FFFFFF',
    text: '#171C22',
    muted: '#535E6A',
    line: '#C5CCD4',
    strong: '#6B7682',
    accent: '#00649C',
    onAccent: '#FFFFFF',
    lost: '#E3E6EA',
  },
  dark: {
    page: '#0C1015',
    surface: '#11161C',
    raised: '#1A2129',
    text: '#E9EEF3',
    muted: '#A9B4BF',
    line: '#36404B',
    strong: '#83909C',
    accent: '#6CB9E8',
    onAccent: '#0C1015',
    lost: '#2A323B',
  },
}

type SurfaceRole =
  | 'page'
  | 'surface'
  | 'raised'
  | 'text'
  | 'muted'
  | 'line'
  | 'strong'
  | 'accent'
  | 'onAccent'
  | 'lost'

/** Hands the palette to the style sheet as custom properties of `element`. */
export function applyPalette(element: HTMLElement): void {
  const paints = { ...prefixed('epoch', EPOCH), ...prefixed('recovery', RECOVERY_PHASE) }
  for (const [name, paint] of Object.entries({ ...paints, ...prefixed('outcome', OUTCOME) })) {
    element.style.setProperty(`--${name}`, paint.fill)
    element.style.setProperty(
      `--${name}-stroke`,
      `light-dark(${paint.stroke.light}, ${paint.stroke.dark})`,
    )
  }
  for (const [role, light] of Object.entries(SURFACE.light)) {
    const dark = SURFACE.dark[role as SurfaceRole]
    element.style.setProperty(`--${kebab(role)}`, `light-dark(${light}, ${dark})`)
  }
}

function prefixed(prefix: string, paints: Readonly<Record<string, Paint>>): Record<string, Paint> {
  return Object.fromEntries(
    Object.entries(paints).map(([name, paint]) => [`${prefix}-${kebab(name)}`, paint]),
  )
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
