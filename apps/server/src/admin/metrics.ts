import { gauge } from '@drawbridge/runtime'

/** Each holds a connection, and is looked at now and then. */
export const setEventStreams = gauge(
  'drawbridge_admin_event_streams',
  'Pages and programs of administrators that are told of changes by this node.',
)
