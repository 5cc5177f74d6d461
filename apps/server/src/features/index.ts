import type { Feature } from '../routing/feature.ts'
import { adHoc } from './ad-hoc/index.ts'
import { archive } from './archive/index.ts'
import { avatars } from './avatars/index.ts'
import { blocking } from './blocking.ts'
import { carbons } from './carbons.ts'
import { contactAddresses } from './contact-addresses.ts'
import { clientAccess } from './client-access.ts'
import { clientEvidence } from './client-evidence.ts'
import { delivery } from './delivery.ts'
import { directory } from './directory.ts'
import { disco } from './disco/index.ts'
import { externalServices } from './external-services.ts'
import { forgery } from './forgery.ts'
import { hostMeta } from './host-meta.ts'
import { imageFilter } from './image-filter/index.ts'
import { invitations } from './invitations.ts'
import { lastActivity } from './last-activity.ts'
import { legacySession } from './legacy-session.ts'
import { mediaLinks } from './media-links.ts'
import { muc } from './muc/index.ts'
import { offline } from './offline.ts'
import { outageStatus } from './outage-status.ts'
import { pep } from './pep/index.ts'
import { messagePayloads } from './message-payloads.ts'
import { ping } from './ping.ts'
import { privateStorage } from './pep/private-storage.ts'
import { push } from './push/index.ts'
import { refused } from './refused.ts'
import { registration } from './registration/index.ts'
import { roster } from './roster/index.ts'
import { serviceAdministration } from './service-administration/index.ts'
import { serviceState } from './service-state.ts'
import { stanzaHeaders } from './stanza-headers.ts'
import { standingMessages } from './standing-messages.ts'
import { time } from './time.ts'
import { traffic } from './traffic.ts'
import { vcard } from './pep/vcard.ts'
import { version } from './version.ts'
import { upload } from './upload/index.ts'

/**
 * Every feature in force. What is not in this list is neither advertised nor answered. Within a stage the order is that
 * of the list; it matters where a comment says so.
 */
export const FEATURES: readonly Feature[] = [
  // Before anything is recorded or answered: who does not want to hear from whom.
  blocking,
  // What was forged goes, so that nothing below has to ask who said it.
  forgery,
  // Before `pep`, which answers for every other node of an account.
  stanzaHeaders,
  // The plain link goes on: what makes it the sender's own is for nobody else.
  mediaLinks,
  // No image that our encoder did not make; what passes here, the avatars below still look at.
  imageFilter,

  // Messages. First they are recorded.
  archive,
  // The message itself, then copies for whoever did not get it.
  delivery,
  serviceState,
  carbons,
  offline,
  messagePayloads,
  // After the archive: it wakes up whoever has a row in it.
  push,
  // Last: what is counted has been sent.
  traffic,

  // People.
  roster,
  directory,
  vcard,
  pep,
  avatars,

  // Rooms.
  muc,

  // The server itself.
  disco,
  adHoc,
  serviceAdministration,
  standingMessages,
  outageStatus,
  externalServices,
  privateStorage,
  clientAccess,
  clientEvidence,
  ping,
  time,
  version,
  legacySession,
  registration,
  invitations,
  lastActivity,
  contactAddresses,
  refused,

  // HTTP.
  upload,
  hostMeta,
]
