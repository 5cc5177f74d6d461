import { crossHold } from '../support/hold-boundary.ts'
import { startStack } from '../support/stack.ts'

/** Control §7.5 at its full size: `node e2e/load/hold.ts [MESSAGES]`. */
const count = Number(process.argv[2] ?? 100_000)
await using stack = await startStack()
for (const name of ['alice', 'bob', 'carol', 'dave']) await stack.account(name)
const startedAt = performance.now()
const boundary = await crossHold(stack, count)
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
process.stdout.write(`${count} messages across a hold in ${seconds} s\n`)
for (const [name, value] of Object.entries(boundary)) process.stdout.write(`${name}: ${value}\n`)
const { inBoth, lost, twice, outOfOrder, missing } = boundary
process.exitCode = inBoth + lost + twice + outOfOrder + missing === 0 ? 0 : 1
