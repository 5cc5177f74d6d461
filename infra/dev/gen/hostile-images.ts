import { HOSTILE_IMAGES, type HostileImage } from '../../../packages/testkit/src/images/index.ts'
import { heading, table } from './table.ts'

const GROUPS: Readonly<Record<HostileImage['group'], string>> = {
  A: 'PNG',
  B: 'Bombs',
  C: 'Structure',
  D: 'Polyglots',
  E: 'Metadata',
  F: 'What is no image, or must not be read as one',
  G: 'Animation',
  H: 'Steganography',
}
const EXPECTED: Readonly<Record<HostileImage['expect'], string>> = {
  clean: 'clean',
  refused: 'refused',
  either: 'clean or refused',
  'not-an-image': 'no image: never shown as one',
}

/** docs/images-catalog.md: every hostile image that is tried, and what becomes of it. */
export function renderHostileImages(): Record<string, string> {
  const tables = Object.entries(GROUPS).map(([group, title]) => {
    const rows = HOSTILE_IMAGES.filter((image) => image.group === group).map((image) => [
      image.name,
      `${EXPECTED[image.expect]}${image.reason ? `: ${image.reason}` : ''}`,
      remarkOn(image),
    ])
    return `## ${group}. ${title} (${rows.length})\n\n${table(['Case', 'Outcome', 'Remark'], rows)}`
  })
  return {
    'docs/images-catalog.md': `${heading('The catalog of hostile images', '`packages/testkit/src/images`')}\
${HOSTILE_IMAGES.length} files, each made by a script and each sent to the real sanitizer
(\`apps/sanitizer/test/catalog.story.test.ts\`). After each of them the process still stands and the next image works. What
comes out is decoded by the test, every frame of it: it has the size that was announced, no metadata, and nothing of the
payload. \`pnpm bench:hostile\` adds those marked *heavy*, and prints how long each took; \`pnpm fuzz:images\` damages valid
images by the thousand.

*clean*: a new image, made from its pixels. *refused*: its sender is told the reason. Where both are right, what libvips
does with the file decides, and may change with its version.

${tables.join('\n')}
Names and declared types (\`apps/server/src/blobs/filename.test.ts\`), uploads, probing and jobs
(\`apps/server/src/features/upload\`), decoders and encoders that lie (\`apps/sanitizer/test/children.story.test.ts\`) and
the fetching of what others link to (\`apps/sanitizer/src/fetcher\`) have tests of their own.
`,
  }
}

function remarkOn({ inputFormat, payload, size, isHeavy, note }: HostileImage): string {
  return [
    isHeavy && '*heavy*',
    inputFormat && `seen as ${inputFormat}`,
    payload && 'the payload is gone',
    size && `${size[0]} × ${size[1]} px`,
    note,
  ]
    .filter(Boolean)
    .join('; ')
}
