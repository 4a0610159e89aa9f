/** The few lines that replace a UI framework: build an element, replace its text only when it changed. */

type Attribute = string | number | boolean | null | ((event: Event) => void)

/** An element with attributes (`on…` functions become listeners; null and false are left out) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value)
    else if (value !== null && value !== false)
      element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children)
  return element
}

/** Sets text without touching the DOM when it is the same: it is called on every frame. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Sets or removes an attribute, only when it differs. */
export function setAttribute(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name)
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/** At most `length` characters, the end replaced by an ellipsis. */
export function ellipsize(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(length - 1, 1))}…`
}

/** At most `length` characters, the start replaced by an ellipsis: of `topic/partition` the end tells more. */
export function ellipsizeStart(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(-Math.max(length - 1, 1))}`
}

/** Roughly how wide a text is at `size` px: a Chinese character is twice as wide as a Latin one. */
export function textWidth(text: string, size: number): number {
  return Array.from(text).reduce(
    (sum, character) => sum + (character > '\u2e80' ? size : size * 0.56),
    0,
  )
}
