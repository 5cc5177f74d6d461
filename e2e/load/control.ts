import { startCluster } from '../support/nodes.ts'
import { startCrowd } from '../support/crowd.ts'
import { showLockOut, showReturn } from '../support/crowd-shows.ts'

/**
 * What a lock-out and a cut do to many sessions at once: `control.ts [SESSIONS]`. Everything runs on this machine, the
 * sessions too; so many open files are needed for the server, and for them.
 */
const sessions = Number(process.argv[2] ?? 10_000)
/** CPU time is measured so often: other work on this machine is in it, too. */
const TURNS = 5
await using cluster = await startCluster()
const print = (line: string) => void process.stdout.write(`${line}\n`)

{
  await using crowd = await startCrowd(cluster, sessions, (n) => (n % 10 < 3 ? 'Held 1.0' : 'Held 3.0'))
  const { hit, lastClosedMs, appliedMs, touched, ...micros } = await showLockOut(crowd, TURNS)
  const { refusalMicros, bareMicros, streamMicros } = micros
  print(`${sessions} sessions, a rule for ${hit} of them:`)
  print(`- in force ${appliedMs} ms after the commit; the last one knew it after ${lastClosedMs} ms`)
  print(`- other sessions that ended: ${touched}`)
  print(
    `- repeated attempt: ${Math.round(refusalMicros)} µs of CPU, of which ${Math.round(bareMicros)} µs are what Node takes ` +
      `to say as much, and ${Math.round(refusalMicros - bareMicros)} µs are ours; a stream that is opened: ${Math.round(streamMicros)} µs`,
  )
}
{
  await using crowd = await startCrowd(cluster, sessions, () => 'Held 3.0', { isResumable: true })
  const show = await showReturn(crowd)
  print(`${sessions} sessions cut off, and back at 200 a second:`)
  print(`- all closed ${show.closedMs} ms after the command was sent`)
  print(
    `- all back after ${(show.backMs / 1_000).toFixed(1)} s, ${show.resumed} resumed, ${show.refusals} told to come again`,
  )
  print(`- at most ${show.mostPerSecond} in one second; sign-in p95 ${Math.round(show.signInP95Ms)} ms`)
}
