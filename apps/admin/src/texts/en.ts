import { common } from './en/common.ts'
import { frame } from './en/frame.ts'
import { account } from './en/account.ts'
import { overview } from './en/overview.ts'
import { clients } from './en/clients.ts'
import { rules } from './en/rules.ts'
import { emergency } from './en/emergency.ts'
import { suspensions } from './en/suspensions.ts'
import { playbooks } from './en/playbooks.ts'
import { audit } from './en/audit.ts'

/** Every text of the console in English, by page. */
export const en = {
  ...common,
  ...frame,
  ...account,
  ...overview,
  ...clients,
  ...rules,
  ...emergency,
  ...suspensions,
  ...playbooks,
  ...audit,
}

export type Texts = typeof en
