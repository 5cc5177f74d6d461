import { PATHS } from '../../../packages/image-filter/src/paths.ts'
import { heading, table } from './table.ts'

/** docs/images.md, from the matrix that the filter is held to. */
export function renderImages(): Record<string, string> {
  const rows = PATHS.map(({ row, path, action, what, test }) => [
    String(row),
    path,
    action,
    what,
    test === undefined ? '–' : `\`${test}\``,
  ])
  return {
    'docs/images.md': `${heading('Images', '`packages/image-filter/src/paths.ts`')}\
No byte of an image that somebody sends reaches another person's decoder: what arrives was made by our encoder from pixels,
or does not arrive. These are the ways an image could take, and what becomes of it on each. One filter
(\`packages/image-filter\`) stands on every edge, above the transports; what it let in carries its version, and what is
older passes it again before it is shown ([ADR 18](adr/0018-one-image-filter-for-every-edge.md)). A client that records
everything shows that it holds (\`apps/server/test/streams/image-paths.story.test.ts\`).

*rewrite*: made anew, and all that names it; *strip*: taken out, the rest passes; *deny*: refused; *absent*: there is no
such path here.

Outside this promise are calls between clients, what pixels show or hide, images inside documents, which are served as
attachments only, and end-to-end encrypted text where the media policy allows it
([ADR 19](adr/0019-encrypted-content-by-policy.md)).

${table(['Row', 'Path', 'What', 'How', 'Test'], rows)}`,
  }
}
