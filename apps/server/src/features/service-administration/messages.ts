import { appendAudit } from '@drawbridge/db'
import type { StandingMessageKind } from '@drawbridge/db'
import { NS_CLIENT, stanzaFrom, xml } from '@drawbridge/xmpp'
import type { Form } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { AdHocCommand, Context } from '../../routing/feature.ts'
import { command, fields, formOf, info, textOf, unacceptable } from './command.ts'
import { isOnline } from './people.ts'

const ANNOUNCEMENT_MAX_CHARACTERS = 10_000
const LABELS: Readonly<Record<StandingMessageKind, string>> = {
  motd: 'Message of the day',
  welcome: 'Welcome message',
}

/** What the server says: now to whoever is here, or until it is taken back (XEP-0133 §4.23 to §4.28). */
export const messageCommands: readonly AdHocCommand[] = [
  {
    ...command('announce', 'Send Announcement to Online Users', 'announcement.write'),
    form: fields({ name: 'announcement', type: 'text-multi', label: 'Announcement', isRequired: true }),
    execute: announce,
  },
  set('set-motd', 'Set Message of the Day', 'motd', { isEmptyAtFirst: true }),
  set('edit-motd', 'Edit Message of the Day', 'motd', { isCorrection: true }),
  remove('delete-motd', 'Delete Message of the Day', 'motd'),
  set('set-welcome', 'Set Welcome Message', 'welcome'),
  remove('delete-welcome', 'Delete Welcome Message', 'welcome'),
]

/** A form with the message that stands in it, where it is not another one that is written. */
function set(
  name: string,
  title: string,
  kind: StandingMessageKind,
  { isEmptyAtFirst = false, isCorrection = false } = {},
): AdHocCommand {
  const label = LABELS[kind]
  return {
    ...command(name, title, 'announcement.write'),
    async form(account, ctx) {
      const { messages } = await ctx.administrate(account, 'listStandingMessages', {})
      const standing = isEmptyAtFirst ? undefined : messages.find((message) => message.kind === kind)
      return formOf({ name: kind, type: 'text-multi', label, isRequired: true, values: standing?.text.split('\n') })
    },
    async execute(form, { account }, ctx) {
      const text = textOf(form, kind)
      if (text === '') throw unacceptable('There is nothing to say.')
      await ctx.administrate(account, 'setStandingMessage', { params: { kind }, body: { text, isCorrection } })
      return info(`${label}: set.`)
    },
  }
}

function remove(name: string, title: string, kind: StandingMessageKind): AdHocCommand {
  return {
    ...command(name, title, 'announcement.write'),
    async execute(_form, { account }, ctx) {
      await ctx.administrate(account, 'deleteStandingMessage', { params: { kind } })
      return info(`${LABELS[kind]}: deleted.`)
    },
  }
}

/** §4.23. A headline from the server, for whoever is here now; nobody gets it later. */
async function announce(form: Form | undefined, { account }: { account: Account }, ctx: Context) {
  const text = textOf(form, 'announcement')
  if (text === '') throw unacceptable('There is nothing to announce.')
  if (text.length > ANNOUNCEMENT_MAX_CHARACTERS) throw unacceptable('This announcement is too long.')
  const online = [...ctx.accounts.all()].filter((each) => isOnline(each, ctx))
  const row = { actor: account.bareJid, action: 'announce', target: ctx.domain, detail: { recipients: online.length } }
  await appendAudit(ctx.db, row, ctx.now())
  for (const { bareJid } of online) {
    const attrs = { xmlns: NS_CLIENT, type: 'headline', from: ctx.domain, to: bareJid }
    const element = xml('message', attrs, xml('subject', {}, 'Announcement'), xml('body', {}, text))
    void ctx.route(stanzaFrom(element, { from: ctx.domainJid }))
  }
  return info(`Sent to ${online.length} people.`)
}
