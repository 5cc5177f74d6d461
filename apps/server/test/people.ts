import type { AdminRouteId, BodyOf, ParamsOf, QueryOf, ResponseOf } from '@drawbridge/contract'
import type { BuiltServer } from '../src/server.ts'

const ROOT = {
  id: '00000000-0000-7000-8000-000000000000',
  localpart: 'root',
  isAdmin: true,
  isBreakGlass: false,
  isDisabled: false,
}

/** Operations of the admin API as an administrator of the story does them. */
export function administratorOf({ ctx }: BuiltServer) {
  return async <Id extends AdminRouteId>(
    id: Id,
    params: ParamsOf<Id>,
    body?: BodyOf<Id>,
    query?: QueryOf<Id>,
  ): Promise<ResponseOf<Id>> => {
    // There is an administrator as long as one is needed: nobody finds one in the directory.
    const account = ctx.accounts.put(ROOT)
    const answer = await ctx
      .administrate(account, id, { params, ...(query && { query }), ...(body === undefined ? {} : { body }) })
      .finally(() => ctx.accounts.remove(ROOT.localpart))
    // What was announced has reached whom it concerns.
    await new Promise((resolve) => setImmediate(resolve))
    return answer
  }
}

/** A unit with these members. */
export async function addUnit(
  server: BuiltServer,
  name: string,
  members: readonly string[],
  settings: { readonly roster?: 'members' | 'everybody' | 'nobody'; readonly directory?: 'everybody' | 'members' } = {},
): Promise<void> {
  const admin = administratorOf(server)
  const displayName = name.charAt(0).toUpperCase() + name.slice(1)
  await admin('createUnit', {}, { name, displayName, ...settings })
  if (members.length > 0) await admin('addUnitMembers', { name }, { members })
}
