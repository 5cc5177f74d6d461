import { CAPABILITIES, CLIENTS } from '../../../e2e/interop/matrix.ts'
import type { Capability, Client } from '../../../e2e/interop/matrix.ts'
import { heading, table } from './table.ts'

const clients = Object.entries<Client>(CLIENTS)
const capabilities = Object.keys(CAPABILITIES) as Capability[]

const SHORT: Readonly<Record<Capability, string>> = {
  signIn: 'Sign in',
  roster: 'Contacts, presence',
  chat: 'Chat, receipts',
  history: 'History',
  room: 'Room',
  file: 'File',
  correction: 'Correction',
  reaction: 'Reaction',
  avatar: 'Avatar',
  block: 'Block',
}

/** docs/interop.md, from the matrix that e2e/interop runs. */
export function renderInterop(): Record<string, string> {
  const notes: string[] = []
  const note = (text: string) => {
    if (!notes.includes(text)) notes.push(text)
    return ` [${notes.indexOf(text) + 1}]`
  }
  const cellOf = ({ except, mechanism }: Client, capability: Capability) => {
    const exception = except[capability]
    if (exception && 'cannot' in exception) return `–${note(exception.cannot)}`
    return `${capability === 'signIn' ? mechanism : '✓'}${exception ? note(exception.but) : ''}`
  }
  const rows = clients.map(([name, client]) => [
    `${name} ${client.version}`,
    'debian' in client.from ? 'Debian 12' : 'npm',
    client.transport,
    ...capabilities.map((capability) => cellOf(client, capability)),
  ])
  const columns = ['Client', 'From', 'Transport', ...capabilities.map((capability) => SHORT[capability])]
  const meanings = capabilities.map((capability) => `- *${SHORT[capability]}*: the client ${CAPABILITIES[capability]}.`)
  return {
    'docs/interop.md': `${heading('Interoperation', '`e2e/interop/matrix.ts`')}\
Clients that were made without us, each in its own program or library, against the whole product. \`npm test\` runs
every ✓ as a test (\`e2e/interop\`), with another person watching the stream from the other end; – is what a client
cannot do with any server. xmpp.js and strophe.js carry stanzas and leave what is in them to the program that uses them;
for these a ✓ says that the library and the server understand each other's streams and stanzas.

${table(columns, rows)}
${notes.map((text, index) => `${index + 1}. ${text}`).join('\n')}

What is tested:

${meanings.join('\n')}
`,
  }
}
