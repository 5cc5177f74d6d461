import { startSlixmpp } from '../support/slixmpp.ts'
import { describeClient } from './foreign-client.ts'
import { driveLineClient } from './line-driver.ts'

describeClient('slixmpp', ({ jid, password }, { c2sPort, certificate }) =>
  driveLineClient(startSlixmpp({ jid, password, port: c2sPort, ca: certificate, asks: true })),
)
