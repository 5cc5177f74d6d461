import { gauge } from '@drawbridge/runtime'

const OF = ['all', 'longest'] as const

export const setRounds = gauge('drawbridge_room_rounds', 'Stanzas that are not yet with everybody in their room.', {
  of: OF,
})

export const setHeldForHistory = gauge(
  'drawbridge_room_messages_held',
  'Messages that wait for somebody who enters a room, until the history is sent.',
  { of: OF },
)
