// Who may do what. Data only: the server asks it, the console draws it, and docs/operate/administrators.md shows it.

/** Permissions that a role gives, and that an API token may have as its scopes. */
export const GRANTED_PERMISSIONS = [
  'account.read',
  'account.support',
  'account.write',
  'account.grant',
  'unit.read',
  'unit.write',
  'invitation.read',
  'invitation.write',
  'session.read',
  'policy.read',
  'policy.write',
  'suspension.approve',
  'held.review',
  'status.read',
  'audit.read',
  'report.read',
  'evidence.read',
  'evidence.write',
  'files.write',
  'roster.read',
  'announcement.read',
  'announcement.write',
] as const
export type GrantedPermission = (typeof GRANTED_PERMISSIONS)[number]

/**
 * What a caller must be allowed to do. `public` needs no sign-in; `own-session` is what administrators do to their own
 * sign-in and second factor, and `own-token` to their own tokens: no API token may do either.
 */
export const PERMISSIONS = ['public', 'own-session', 'own-token', ...GRANTED_PERMISSIONS] as const
export type Permission = (typeof PERMISSIONS)[number]

/** What an account may be made, beside a user. `administrator` is all of them at once, and the only one who gives roles. */
export const ROLES = [
  'administrator',
  'security-officer',
  'operator',
  'help-desk',
  'auditor',
  'unit-administrator',
] as const
export type Role = (typeof ROLES)[number]

/** What a role is and what it may do. */
export interface RoleRow {
  readonly label: { readonly en: string; readonly de: string }
  readonly summary: { readonly en: string; readonly de: string }
  readonly permissions: readonly GrantedPermission[]
  /** It sees and changes only accounts of the units it was given, by the routes that say what they are about. */
  readonly isBounded?: true
}

/** THE table of roles. */
export const ROLE_TABLE: Readonly<Record<Role, RoleRow>> = {
  administrator: {
    label: { en: 'Administrator', de: 'Administrator' },
    summary: { en: 'Everything, roles included.', de: 'Alles, auch Rollen.' },
    permissions: GRANTED_PERMISSIONS,
  },
  'security-officer': {
    label: { en: 'Security officer', de: 'Sicherheitsbeauftragte' },
    summary: {
      en: 'Rules, suspensions, recalls and evidence; reads everything.',
      de: 'Regeln, Sperren, Rückrufe und Beweismittel; liest alles.',
    },
    permissions: [
      'account.read',
      'unit.read',
      'invitation.read',
      'session.read',
      'policy.read',
      'policy.write',
      'suspension.approve',
      'held.review',
      'status.read',
      'audit.read',
      'report.read',
      'evidence.read',
      'evidence.write',
      'roster.read',
      'announcement.read',
    ],
  },
  operator: {
    label: { en: 'Operator', de: 'Betrieb' },
    summary: {
      en: 'Accounts, units, invitations and files; reads rules and changes none.',
      de: 'Konten, Einheiten, Einladungen und Dateien; liest Regeln und ändert keine.',
    },
    permissions: [
      'account.read',
      'account.support',
      'account.write',
      'unit.read',
      'unit.write',
      'invitation.read',
      'invitation.write',
      'session.read',
      'policy.read',
      'status.read',
      'files.write',
      'announcement.read',
      'announcement.write',
    ],
  },
  'help-desk': {
    label: { en: 'Help desk', de: 'Helpdesk' },
    summary: {
      en: 'Passwords, sessions and invitations of people; sees which rule stops them.',
      de: 'Passwörter, Sitzungen und Einladungen; sieht, welche Regel jemanden aufhält.',
    },
    permissions: [
      'account.read',
      'account.support',
      'unit.read',
      'invitation.read',
      'invitation.write',
      'session.read',
      'policy.read',
      'status.read',
    ],
  },
  auditor: {
    label: { en: 'Auditor', de: 'Revision' },
    summary: { en: 'Reads everything and changes nothing.', de: 'Liest alles und ändert nichts.' },
    permissions: [
      'account.read',
      'unit.read',
      'invitation.read',
      'session.read',
      'policy.read',
      'status.read',
      'audit.read',
      'report.read',
      'evidence.read',
      'roster.read',
      'announcement.read',
    ],
  },
  'unit-administrator': {
    label: { en: 'Unit administrator', de: 'Einheitenverwaltung' },
    summary: {
      en: 'Passwords and sessions of the people in the units it was given, and nobody else.',
      de: 'Passwörter und Sitzungen der Leute in den zugeteilten Einheiten und niemandes sonst.',
    },
    permissions: ['account.read', 'account.support', 'unit.read', 'session.read'],
    isBounded: true,
  },
}

/** What somebody with these roles may do anywhere; bounded roles add nothing. */
export function permissionsOf(roles: readonly Role[]): ReadonlySet<GrantedPermission> {
  return new Set(
    roles.flatMap((role) => {
      const { permissions, isBounded } = ROLE_TABLE[role]
      return isBounded ? [] : permissions
    }),
  )
}
