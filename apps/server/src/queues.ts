import { EVENT_TOPICS } from '@drawbridge/contract'
import { HELD_MAX as ROOM_HELD_MAX, ROUNDS_MAX } from './features/muc/fan-out.ts'
import { LIVE_MAX } from './features/offline.ts'
import { MAX_WAITING as MAX_CHANGES } from './features/pep/order.ts'
import { DEVICES_MAX } from './features/push/service.ts'
import { MAX_WAITING } from './routing/relay.ts'
import { HELD_MAX } from './stream/client-state.ts'
import { BUFFER_MAX_BYTES, PENDING_MAX as COMPONENT_PENDING_MAX, QUESTIONS_MAX } from './stream/component.ts'
import { CHECKS_MAX } from './stream/password.ts'
import { PENDING_MAX } from './stream/pipeline.ts'
import { QUERIES_MAX } from './stream/queries.ts'
import { UNACKNOWLEDGED_MAX } from './stream/resume.ts'
import { UNSENT_MAX_BYTES } from './stream/session.ts'
import { HOLD_MAX } from './transport/bosh.ts'

/** Where something waits in this process, and what keeps it from growing without end. */
export interface Queue {
  readonly what: string
  /** File that has it. */
  readonly where: string
  readonly max: string
  /** What happens with one more. */
  readonly beyond: string
  /** The metric that shows it. */
  readonly metric: string
}

/** Every queue there is: a new one is added here. A test looks whether the files and metrics exist. */
export const QUEUES: readonly Queue[] = [
  {
    what: 'names of what has changed, for a page of an administrator that does not read',
    where: 'admin/event-streams.ts',
    max: `${Object.keys(EVENT_TOPICS).length} of a stream`,
    beyond: 'there are no others; a reader that takes nothing for 30 s is let go',
    metric: 'drawbridge_admin_event_streams',
  },
  {
    what: 'stanzas of a client that are not done',
    where: 'stream/pipeline.ts',
    max: `${PENDING_MAX} of a session`,
    beyond: 'its connection is not read',
    metric: 'drawbridge_session_queue',
  },
  {
    what: 'elements that wait for their turn on a stream: behind a step that takes a moment, or a client that is too fast',
    where: 'stream/c2s.ts',
    max: 'what one read of the socket brings, 64 KiB',
    beyond: 'the connection is not read meanwhile',
    metric: 'drawbridge_connection_pauses_total',
  },
  {
    what: 'stanzas a client has not acknowledged (XEP-0198)',
    where: 'stream/resume.ts',
    max: `${UNACKNOWLEDGED_MAX} of a session, 4 MiB of text`,
    beyond: 'the session ends; the archive has its messages',
    metric: 'drawbridge_session_queue',
  },
  {
    what: 'stanzas that wait for an inactive client, or one that is away (XEP-0352)',
    where: 'stream/client-state.ts',
    max: `${HELD_MAX} of a session, 512 KiB of text`,
    beyond: 'all of them are sent',
    metric: 'drawbridge_session_queue',
  },
  {
    what: 'bytes a client does not take',
    where: 'stream/session.ts',
    max: `${UNSENT_MAX_BYTES} of a session`,
    beyond: 'its connection is cut; it resumes, or reads the archive',
    metric: 'drawbridge_session_unsent_bytes',
  },
  {
    what: 'questions of the server to a client: its capabilities, its version, whether it is there',
    where: 'stream/queries.ts',
    max: `${QUERIES_MAX} of a session, ten seconds each`,
    beyond: 'it is not asked',
    metric: 'drawbridge_session_queue',
  },
  {
    what: 'passwords to be checked by argon2id',
    where: 'stream/password.ts',
    max: `${CHECKS_MAX}, two seconds each`,
    beyond: 'the client is told to try again (temporary-auth-failure)',
    metric: 'drawbridge_password_checks_waiting',
  },
  {
    what: 'messages on their way to a commit',
    where: 'routing/message.ts',
    max: `${PENDING_MAX} of each session that is connected`,
    beyond: 'those sessions are not read',
    metric: 'drawbridge_archive_pending',
  },
  {
    what: 'messages that came live while older ones were still on their way to a client',
    where: 'features/offline.ts',
    max: `${LIVE_MAX} ids of a session; the messages wait in the archive`,
    beyond: 'the oldest id is forgotten: a message may come twice, with one stanza-id',
    metric: 'drawbridge_session_queue',
  },
  {
    what: 'messages that a suspension holds back',
    where: 'policy/operations.ts',
    max: 'rows in the database',
    beyond: 'as many as are sent: nothing that was accepted is lost',
    metric: 'drawbridge_messages_held',
  },
  {
    what: 'work in the outbox: uploads to be cleaned, devices to be told',
    where: 'jobs/index.ts',
    max: `rows in the database; of pushes one for each of ${DEVICES_MAX} devices of an account, and for a message in a room one for all`,
    beyond: 'uploads are refused by their quota; a push tells of all that came before it',
    metric: 'drawbridge_outbox_rows',
  },
  {
    what: 'jobs in the queue',
    where: 'jobs/index.ts',
    max: 'as many as rows in the outbox',
    beyond: 'they stay in the outbox',
    metric: 'drawbridge_jobs',
  },
  {
    what: 'requests for presence that nobody answers (RFC 6121 §3.1.3)',
    where: 'features/roster/subscribe.ts',
    max: 'DRAWBRIDGE_PRESENCE_MAX_REQUESTS of an account, 1,000 by default',
    beyond: 'it is dropped; whoever asks again later has another chance',
    metric: 'drawbridge_presence_requests',
  },
  {
    what: 'requests from clients to clients, occupants of rooms included, that wait for an answer',
    where: 'routing/relay.ts',
    max: `${MAX_WAITING} of a session`,
    beyond: 'the oldest is answered by service-unavailable',
    metric: 'drawbridge_requests_relayed_waiting',
  },
  {
    what: 'changes of nodes (XEP-0060) that are being told to whoever wants to hear of them',
    where: 'features/pep/order.ts',
    max: `${MAX_CHANGES} of an account`,
    beyond: 'whoever publishes waits, and is not read meanwhile',
    metric: 'drawbridge_pep_changes_waiting',
  },
  {
    what: 'stanzas that are on their way to everybody in a room',
    where: 'features/muc/fan-out.ts',
    max: `${ROUNDS_MAX} of a room, what was being committed then, and one for each who leaves; a stanza is kept once for all`,
    beyond: 'whoever sends to the room waits, and is not read meanwhile',
    metric: 'drawbridge_room_rounds',
  },
  {
    what: 'messages for somebody who enters a room, while the history is read',
    where: 'features/muc/fan-out.ts',
    max: `${ROOM_HELD_MAX} of each device`,
    beyond: 'it is told that it has left (status 333), and enters again; the archive has the messages',
    metric: 'drawbridge_room_messages_held',
  },
  {
    what: 'stanzas of a component that are not done (XEP-0114)',
    where: 'stream/component.ts',
    max: `${COMPONENT_PENDING_MAX} of a component`,
    beyond: 'its connection is not read',
    metric: 'drawbridge_component_queue',
  },
  {
    what: 'questions of the server to a component: what an app server is told (XEP-0357)',
    where: 'stream/component.ts',
    max: `${QUESTIONS_MAX} of a component, ten seconds each`,
    beyond: 'it is not asked; the outbox keeps a push and tries again',
    metric: 'drawbridge_component_queue',
  },
  {
    what: 'bytes a component does not take',
    where: 'stream/component.ts',
    max: `${BUFFER_MAX_BYTES} of a component`,
    beyond: 'its stream ends',
    metric: 'drawbridge_component_unsent_bytes',
  },
  {
    what: 'requests of a BOSH session that came before their turn (XEP-0124 §14)',
    where: 'transport/bosh.ts',
    max: `${HOLD_MAX + 1} of a session, each of one stanza’s size`,
    beyond: 'the session ends (item-not-found)',
    metric: 'drawbridge_bosh_requests_early',
  },
  {
    what: 'text that waits for the next request of a BOSH session',
    where: 'transport/bosh.ts',
    max: `${UNSENT_MAX_BYTES} of a session, as of every other connection`,
    beyond: 'the session is cut; it resumes, or reads the archive',
    metric: 'drawbridge_session_unsent_bytes',
  },
]
