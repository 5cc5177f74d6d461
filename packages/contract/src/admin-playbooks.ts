import { z } from 'zod'
import { newClientRule } from './admin-client-rules.ts'
import type { AdminRoute } from './admin-route.ts'
import { changed, suspension, suspensionFields, suspensionImpact } from './admin-suspensions.ts'
import { effect, instant, none, pageQuery, text } from './admin-values.ts'

// What is kept ready for an emergency.

export const playbookDocument = z.strictObject({
  description: text(500).optional(),
  steps: z
    .array(z.strictObject({ scopes: suspensionFields.scopes, mode: suspensionFields.mode }))
    .min(1)
    .max(8)
    .readonly(),
  reason: suspensionFields.reason,
  reasons: suspensionFields.reasons,
  internalReason: suspensionFields.internalReason,
  exemptions: suspensionFields.exemptions,
  endAfterMin: z.int().min(1).max(43_200).optional().meta({ description: 'Minutes until it ends by itself.' }),
  reviewAfterMin: z.int().min(1).max(43_200).optional(),
  rules: z.array(newClientRule).max(10).readonly().optional(),
  notify: z.array(z.string().min(1).max(256)).max(100).readonly().optional().meta({
    description: 'Accounts that get a message when it is started.',
  }),
})

export const playbookName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/u, 'is not a name, write it like image-exploit')

const playbookParams = z.strictObject({ name: playbookName })

export const playbook = z
  .strictObject({ name: z.string(), ...playbookDocument.shape, changedBy: z.string(), changedAt: instant })
  .meta({ id: 'Playbook' })

/** Routes about playbooks. */
export const PLAYBOOK_ROUTES = {
  listPlaybooks: {
    method: 'GET',
    path: '/api/v1/playbooks',
    summary: 'List playbooks by name, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ playbooks: z.array(playbook).readonly(), next: z.string().optional() }),
  },
  getPlaybook: {
    method: 'GET',
    path: '/api/v1/playbooks/{name}',
    summary: 'One playbook.',
    permission: 'policy.read',
    params: playbookParams,
    query: none,
    status: 200,
    response: z.strictObject({ playbook }),
  },
  putPlaybook: {
    method: 'PUT',
    path: '/api/v1/playbooks/{name}',
    summary: 'Add a playbook, or replace the one of this name.',
    permission: 'policy.write',
    isPolicyWrite: true,
    edits: 'getPlaybook',
    params: playbookParams,
    query: none,
    body: playbookDocument,
    status: 200,
    response: z.strictObject({ playbook, warnings: changed.warnings }),
  },
  deletePlaybook: {
    method: 'DELETE',
    path: '/api/v1/playbooks/{name}',
    summary: 'Delete a playbook. What it has started goes on.',
    permission: 'policy.write',
    isPolicyWrite: true,
    edits: 'getPlaybook',
    params: playbookParams,
    query: none,
    status: 204,
    response: z.undefined(),
  },
  startPlaybook: {
    method: 'POST',
    path: '/api/v1/playbooks/{name}/start',
    summary: 'Start everything that a playbook says, at once; answers when this node enforces it.',
    permission: 'policy.write',
    edits: 'getPlaybook',
    isPolicyWrite: true,
    params: playbookParams,
    query: none,
    body: z.strictObject({ isEmergency: z.boolean().optional(), isDrill: z.boolean().optional() }),
    status: 201,
    response: z.strictObject({
      suspensions: z.array(suspension).readonly(),
      rules: z.array(z.string()).readonly().meta({ description: 'Ids of client rules that it added.' }),
      effect: effect.optional(),
      request: changed.request,
      warnings: changed.warnings,
      impact: suspensionImpact,
    }),
  },
} as const satisfies Record<string, AdminRoute>

export type PlaybookDocument = z.infer<typeof playbookDocument>
export type PlaybookView = z.infer<typeof playbook>
