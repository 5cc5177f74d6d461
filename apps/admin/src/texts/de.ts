import { common } from './de/common.ts'
import { frame } from './de/frame.ts'
import { account } from './de/account.ts'
import { overview } from './de/overview.ts'
import { clients } from './de/clients.ts'
import { rules } from './de/rules.ts'
import { emergency } from './de/emergency.ts'
import { suspensions } from './de/suspensions.ts'
import { playbooks } from './de/playbooks.ts'
import { audit } from './de/audit.ts'
import type { Texts } from './en.ts'

export const de: Texts = {
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
