import { gauge } from '@drawbridge/runtime'

export const setRequestsWaiting = gauge(
  'drawbridge_room_requests_waiting',
  'Requests between occupants of rooms that wait for an answer.',
)
