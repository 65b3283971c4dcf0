/** The text of a page in parts; every second one is a block or a span of code. */
const aroundCode = (text: string) => text.split(/(^ *```.*?^ *```$|`[^`\n]+`)/ms)

const LINK = /\]\(([^)\s]+)\)/g

/** A page with its links replaced. What stands in code is left as it is. */
export const withLinks = (text: string, replace: (target: string) => string): string =>
  aroundCode(text)
    .map((part, index) => (index % 2 ? part : part.replace(LINK, (_, target: string) => `](${replace(target)})`)))
    .join('')

/** The links and pictures of a page that name no other site. */
export function linksOf(text: string): string[] {
  const links: string[] = []
  withLinks(text, (target) => {
    if (!/^\w+:/.test(target)) links.push(target)
    return target
  })
  return links
}
