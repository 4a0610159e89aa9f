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

/** Roughly how wide a text is at `size` px: a Chinese character is twice as wide as a Latin one. */
export function textWidth(text: string, size: number): number {
  return Array.from(text).reduce(
    (sum, character) => sum + (character > '\u2e80' ? size : size * 0.56),
    0,
  )
}

/** The text, its start replaced by an ellipsis where it is wider than `room`: of an id the end tells more. */
export function cutStart(text: string, size: number, room: number): string {
  const reverse = (part: string): string => Array.from(part).toReversed().join('')
  return reverse(cutText(reverse(text), size, room))
}

/** The text, its end replaced by an ellipsis where it is wider than `room`. */
export function cutText(text: string, size: number, room: number): string {
  if (textWidth(text, size) <= room) return text
  let kept = Array.from(text)
  while (kept.length > 1 && textWidth(`${kept.join('')}…`, size) > room) kept = kept.slice(0, -1)
  return `${kept.join('').trimEnd()}…`
}
