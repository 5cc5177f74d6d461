// What is edited of a thing, apart from what happens to it: the entity tag is made of it, and the console compares it.

/**
 * Fields of what these routes read that move with nobody editing: messages are held, a rule climbs, sessions come and go.
 * A tag that they were part of would refuse the change of whoever has looked a second ago.
 */
const MOVING: Readonly<Record<string, readonly string[]>> = {
  getSuspension: ['state', 'held', 'released', 'discarded', 'exemptionUses', 'measured'],
  getClientRule: ['stage'],
  getProposal: ['people', 'sessions'],
  getImageRenewal: ['store', 'total', 'renewed', 'kept', 'failed'],
}

/** What a route has answered, without what nobody edits. @param id - of the route that reads it */
export function editedOf(id: string, answer: unknown): unknown {
  const moving = MOVING[id]
  if (moving === undefined || typeof answer !== 'object' || answer === null) return answer
  // Each of them answers one thing, under its name.
  return Object.fromEntries(Object.entries(answer).map(([name, thing]) => [name, without(thing, moving)]))
}

function without(thing: unknown, fields: readonly string[]): unknown {
  if (typeof thing !== 'object' || thing === null) return thing
  return Object.fromEntries(Object.entries(thing).filter(([field]) => !fields.includes(field)))
}
