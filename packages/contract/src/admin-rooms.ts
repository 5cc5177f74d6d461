import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { none, searchQuery } from './admin-values.ts'

// The rooms that there are.

export const room = z
  .strictObject({
    address: z.string(),
    name: z.string().optional().meta({ description: 'As its owners call it.' }),
    isPublic: z.boolean().meta({ description: 'Everybody finds it.' }),
    isMembersOnly: z.boolean(),
    occupants: z.int().min(0).meta({ description: 'Who is in it now, at the server process that answers.' }),
  })
  .meta({ id: 'Room' })

/** Routes about rooms. */
export const ROOM_ROUTES = {
  listRooms: {
    method: 'GET',
    path: '/api/v1/rooms',
    summary: 'List rooms by address, hidden ones included, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: searchQuery,
    status: 200,
    response: z.strictObject({ rooms: z.array(room).readonly(), next: z.string().optional() }),
  },
} as const satisfies Record<string, AdminRoute>

export type RoomView = z.infer<typeof room>
