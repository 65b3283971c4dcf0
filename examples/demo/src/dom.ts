/** Makes an element. Children given as strings become text, never HTML. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** The element with this id; the page's own HTML has it. */
export function byId<Type extends HTMLElement = HTMLElement>(id: string): Type {
  return document.getElementById(id) as Type
}

export type Fact = readonly [name: string, value: string | Node]

/** Long parameter names may break after an underscore. */
const breakable = (name: string) => name.split(/(?<=_)/).flatMap((part, index) => (index ? [h('wbr'), part] : [part]))

/** Names and values, as a description list; a value without a name goes before it, as its headline. */
export function factList(facts: readonly Fact[]): HTMLElement {
  const rows = facts
    .filter(([name]) => name)
    .map(([name, value]) => h('div', {}, h('dt', {}, ...breakable(name)), h('dd', {}, value)))
  const headlines = facts.filter(([name]) => !name).map(([, value]) => h('p', {}, value))
  return h('div', { class: 'facts' }, ...headlines, ...(rows.length ? [h('dl', {}, ...rows)] : []))
}
