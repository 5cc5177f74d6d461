import { join } from 'node:path'
import { startLineClient } from '../support/line-client.ts'
import { describeClient } from './foreign-client.ts'
import { driveLineClient } from './line-driver.ts'

const SCRIPT = join(import.meta.dirname, '..', 'support', 'nbxmpp_client.py')

describeClient('nbxmpp', ({ jid, password }, { c2sPort, certificate }) =>
  driveLineClient(startLineClient('nbxmpp', SCRIPT, { jid, password, port: c2sPort, ca: certificate })),
)
