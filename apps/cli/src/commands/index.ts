import type { Command } from '../command.ts'
import { accountImport } from './account-import.ts'
import { accountIdentity } from './account-identity.ts'
import { accountResetFactor, accountRole } from './account-role.ts'
import {
  accountAdd,
  accountDelete,
  accountDisable,
  accountEnable,
  accountList,
  accountName,
  accountPassword,
  breakGlassGrant,
  breakGlassList,
  breakGlassRevoke,
} from './account.ts'
import {
  advisoryArm,
  advisoryDecide,
  advisoryImport,
  advisoryList,
  productMapShow,
  productMapSet,
  advisoryProposals,
  clientBuildAdd,
  clientBuildList,
} from './advisory.ts'
import { auditExport, auditList, auditVerify } from './audit.ts'
import {
  clientExceptionAdd,
  clientExceptionList,
  clientExceptionRemove,
  clientRuleAdd,
  clientRuleConfirm,
  clientRuleGuardrails,
  clientRuleHold,
  clientRuleList,
  clientRuleRelease,
  clientRuleRemove,
  clientRuleShow,
  clientRuleSimulate,
} from './client-rule.ts'
import { clientHistory, clientList, clientUses } from './client.ts'
import { doctor } from './doctor.ts'
import { exportList } from './export.ts'
import { evidenceApprove, evidenceExport, evidenceList, evidenceRequest } from './evidence.ts'
import { filesRenew } from './files.ts'
import { invitationAdd, invitationList, invitationRevoke } from './invitation.ts'
import { clientPostureConfirm, clientPostureSet, clientPostureShow } from './client-posture.ts'
import { mediaPolicySet, mediaPolicyShow } from './media-policy.ts'
import { imageRenewalStart, imageRenewalStatus, imageRenewalStop } from './image-renewal.ts'
import { offlineApply, tokenOfflineCreate } from './offline.ts'
import { policyEpoch, policyEpochs, policyNodes } from './policy.ts'
import { policyApply, policyDiff, policyExport } from './policy-file.ts'
import { deviceKeyImport, deviceKeyList, deviceKeyRevoke } from './device-key.ts'
import { imageCensus, recallEnd, recallList, recallStart } from './recall.ts'
import { roomList } from './room.ts'
import { sanitize } from './sanitize.ts'
import { standingMessageDelete, standingMessageList, standingMessageSet } from './standing-message.ts'
import { sessionList, status } from './status.ts'
import {
  suspensionEnd,
  suspensionExempt,
  suspensionExplain,
  suspensionExtend,
  suspensionList,
  suspensionRecord,
  suspensionReview,
  suspensionShow,
  suspensionStart,
} from './suspension.ts'
import { suspensionApprove, suspensionRefuse, suspensionRequests } from './approval.ts'
import { suspensionDiscard, suspensionHeld, suspensionRelease } from './held-message.ts'
import { playbookDelete, playbookList, playbookSet, playbookShow, playbookStart } from './playbook.ts'
import { tokenCreate, tokenList, tokenRevoke } from './token.ts'
import { trafficList } from './traffic.ts'
import {
  unitAdd,
  unitConfirm,
  unitDelete,
  unitJoin,
  unitLeave,
  unitList,
  unitMembers,
  unitProtect,
  unitSet,
} from './unit.ts'
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
  accountName,
  accountRole,
  accountResetFactor,
  accountIdentity,
  unitAdd,
  unitSet,
  unitProtect,
  unitConfirm,
  unitList,
  unitDelete,
  unitMembers,
  unitJoin,
  unitLeave,
  roomList,
  invitationAdd,
  invitationList,
  invitationRevoke,
  standingMessageSet,
  standingMessageList,
  standingMessageDelete,
  sessionList,
  clientList,
  clientUses,
  clientHistory,
  clientRuleSimulate,
  clientRuleAdd,
  clientRuleConfirm,
  clientRuleGuardrails,
  clientRuleHold,
  clientRuleRelease,
  clientRuleList,
  clientRuleShow,
  clientRuleRemove,
  clientExceptionAdd,
  clientExceptionList,
  clientExceptionRemove,
  clientPostureShow,
  clientPostureSet,
  clientPostureConfirm,
  mediaPolicyShow,
  mediaPolicySet,
  policyExport,
  policyDiff,
  policyApply,
  trafficList,
  exportList,
  advisoryImport,
  advisoryList,
  advisoryProposals,
  advisoryDecide,
  advisoryArm,
  productMapShow,
  productMapSet,
  clientBuildAdd,
  clientBuildList,
  deviceKeyImport,
  deviceKeyList,
  deviceKeyRevoke,
  recallStart,
  recallList,
  recallEnd,
  imageCensus,
  imageRenewalStart,
  imageRenewalStatus,
  imageRenewalStop,
  suspensionStart,
  suspensionList,
  suspensionShow,
  suspensionExtend,
  suspensionExempt,
  suspensionEnd,
  suspensionExplain,
  suspensionHeld,
  suspensionRelease,
  suspensionDiscard,
  suspensionRequests,
  suspensionApprove,
  suspensionRefuse,
  suspensionReview,
  suspensionRecord,
  playbookList,
  playbookShow,
  playbookSet,
  playbookDelete,
  playbookStart,
  policyNodes,
  policyEpochs,
  policyEpoch,
  breakGlassList,
  breakGlassGrant,
  breakGlassRevoke,
  tokenOfflineCreate,
  offlineApply,
  evidenceList,
  evidenceRequest,
  evidenceApprove,
  evidenceExport,
  filesRenew,
  tokenCreate,
  tokenList,
  tokenRevoke,
  auditList,
  auditExport,
  auditVerify,
]
