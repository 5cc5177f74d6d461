import { INSPECTOR_FDS, type InspectRequest } from '../children/protocol.ts'
import { inspect } from '../inspect/inspect.ts'
import { lockDown } from '../sandbox/lock-down.ts'
import { readFrame, writeFrame } from './stdio.ts'

/** The inspector child: looks into one file, says what it found, and is killed. It loads no decoder of images. */

writeFrame(
  INSPECTOR_FDS.answers,
  json({ sharp: '', libvips: '', accepted: {}, refused: {}, sandbox: await lockDown() }),
)
const request = readFrame(INSPECTOR_FDS.requests)
const file = request && readFrame(INSPECTOR_FDS.requests)
if (request !== undefined && file !== undefined) {
  const { extension } = JSON.parse(request.toString()) as InspectRequest
  writeFrame(INSPECTOR_FDS.answers, json(inspect(file, extension)))
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
