import type { Command } from '../command.ts'
import { accountImport } from './account-import.ts'
import { accountAdd, accountDelete, accountDisable, accountEnable, accountList, accountPassword } from './account.ts'
import { auditList, auditVerify } from './audit.ts'
import { clientRuleAdd, clientRuleList, clientRuleRemove } from './client-rule.ts'
import { doctor } from './doctor.ts'
import { sanitize } from './sanitize.ts'
import { sessionList, status } from './status.ts'
import { suspensionEnd, suspensionList, suspensionStart } from './suspension.ts'
import { up } from './up.ts'

/** THE table of commands, in the order of --help. */
export const COMMANDS: readonly Command[] = [
  up,
  status,
  doctor,
  sanitize,
  accountAdd,
  accountImport,
  accountList,
  accountDisable,
  accountEnable,
  accountDelete,
  accountPassword,
  sessionList,
  clientRuleAdd,
  clientRuleList,
  clientRuleRemove,
  suspensionStart,
  suspensionList,
  suspensionEnd,
  auditList,
  auditVerify,
]
