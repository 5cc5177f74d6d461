import { n } from './count.ts'

/** What is around every page: signing in, states, problems, tables. */
export const frame = {
  appName: 'Drawbridge administration',
  retry: 'Try again',
  language: 'Language',
  skip: 'Skip to content',
  navigation: 'Pages',
  unreachable: 'The server cannot be reached, or something between does not let the answer through. Please try again.',
  unexpected: 'Something went wrong.',
  stale: (clock: string) => `What is shown is of ${clock}.`,
  asOf: (clock: string) => `as of ${clock}`,
  stalled: (clock: string) => `stalled since ${clock}`,
  notYours: (roles: string) => `Your role may not do this. Ask somebody who is: ${roles}.`,
  signInTitle: 'Sign in to administer',
  codeNeeded: 'This account has a second factor: please add a code, or use your passkey.',
  signIn: 'Sign in',
  signingIn: 'Signing in…',
  signOut: 'Sign out',
  expiredTitle: 'Please sign in again',
  expiredText: 'Your session has ended. What you have typed is still here.',
  pages: { overview: 'Overview', clients: 'Clients', emergency: 'Emergency', audit: 'Audit', account: 'Your account' },
  stateUnknown: 'Unknown',
  mustEnroll: 'Enroll a second factor first',
  signInByPasskey: 'Use a passkey',
  conflict: 'Somebody else has changed this since you saw it:',
  conflictGone: 'Somebody else has removed this meanwhile. What you have typed is still here; saving makes it anew.',
  saveCsv: 'Save as CSV',
  suggestions: 'Suggestions',
  suggested: (count: number, isCut: boolean) =>
    isCut
      ? `The first ${count} suggestions; type more for fewer.`
      : n(count, 'One suggestion.', count === 0 ? 'No suggestions.' : `${count} suggestions.`),
  removeName: (name: string) => `Remove ${name}`,
  shownSoFar: (count: string) => `Shown: ${count}. There are more.`,
  shownAll: (count: string) => `In all: ${count}.`,
  loadMore: 'Show more',
  inZone: (zone: string) => `Time zone: ${zone}.`,
  draftRestored: 'What you had typed is here again. Nothing of it was sent.',
  draftBefore: 'What you had typed here before is kept, and was not sent.',
  draftUndo: 'Bring it back',
  pressAgain: 'What you have typed is still here. Press once more to do it all the same.',
}
