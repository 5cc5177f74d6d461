// What is edited of a thing, apart from what happens to it: the entity tag is made of it, and the console compares it.

/**
 * Fields of what these routes read that move with nobody editing: messages are held, a rule climbs, sessions come and go.
 * A tag that they were part of would refuse the change of whoever has looked a second ago.
 */
const MOVING: Readonly<Record<string, readonly string[]>> = {
  getSuspension: ['state', 'epoch', 'held', 'released', 'discarded', 'exemptionUses', 'measured'],
  getClientRule: ['stage', 'epoch'],
  getProposal: ['people', 'sessions'],
  getImageRenewal: ['store', 'total', 'renewed', 'kept', 'failed'],
}

/** What answers say beside the thing itself: nodes come and go. */
const BESIDE: readonly string[] = ['appliedBy']

/** What a route has answered, without what nobody edits. @param id - of the route that reads it */
export function editedOf(id: string, answer: unknown): unknown {
  const moving = MOVING[id] ?? []
  const things = without(answer, BESIDE)
  if (moving.length === 0 || typeof things !== 'object' || things === null) return things
  // Each of them answers one thing, under its name.
  return Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, without(thing, moving)]))
}

function without(thing: unknown, fields: readonly string[]): unknown {
  if (typeof thing !== 'object' || thing === null || Array.isArray(thing)) return thing
  return Object.fromEntries(Object.entries(thing).filter(([field]) => !fields.includes(field)))
}
