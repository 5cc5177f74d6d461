/** From an empty page to a signed-in session and back: sign-in, sign-out, forced update. */
import type { ClientBlocked, Failure } from '../connection/failure.ts'
import type { KeptSecret, Secret } from '../connection/secret.ts'
import { typedJid } from '../protocol/jid.ts'
import { createStore, type Store } from '../state/store.ts'
import { findCredentials, forgetInstallation, keepCredentials, wipeCredentials } from '../storage/credentials.ts'
import type { Place } from '../storage/database.ts'
import { BUILD, startChat, VERSION, type Chat } from './chat.ts'
import { takeAnswer, type SignInProblem } from './company-return.ts'
import type { CompanySignIn } from './company-sign-in.ts'
import { fetchServedBuild, fetchWebConfig, type Outside, type WebConfig } from './service-documents.ts'

export type AppState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'signed-out'; readonly address: string; readonly problem: SignInProblem | undefined }
  | { readonly kind: 'signing-in'; readonly address: string }
  | { readonly kind: 'signed-in'; readonly chat: Chat }
  | { readonly kind: 'update-required'; readonly blocked: ClientBlocked; readonly update: UpdateProgress }

/** What the client does about its own refusal. */
export type UpdateProgress =
  | { readonly kind: 'looking' }
  | { readonly kind: 'reloading'; readonly version: string; readonly at: number }
  /** The server has nothing newer yet; it is asked again and again. */
  | { readonly kind: 'waiting' }

export interface App {
  readonly store: Store<AppState>
  readonly domain: () => string
  /** Where to go when the service is suspended. */
  readonly outside: () => Outside
  /** Whose accounts people can sign in with; undefined: only with passwords. */
  readonly issuer: () => string | undefined
  readonly version: string
  readonly build: string
  /** Leaves the page for the company's sign-in. */
  signInAtCompany(isRemembered: boolean): Promise<void>
  signIn(address: string, password: string, isRemembered: boolean): Promise<void>
  /** Ends the session and deletes what this browser kept, unsent messages included. */
  signOut(): Promise<void>
  /** Reloads now, without waiting for the server's spread. */
  updateNow(): void
  /** The screen says where it is when asked, before a reload. */
  setPlaceSource(source: (() => Place | undefined) | undefined): void
}

const POLL_BUILD_MS = 10_000
const UPDATED_KEY = 'drawbridge.updated-to'
/** Somebody with a company account has signed out of this browser: the issuer is to ask who comes next. */
const ASK_AGAIN_KEY = 'drawbridge.ask-again'

/** Starts the application: signs in with what is kept, or shows the sign-in page. */
export function startApp(): App {
  const store = createStore<AppState>({ kind: 'starting' })
  let config: WebConfig | undefined
  let chat: Chat | undefined
  let company: CompanySignIn | undefined
  let placeSource: (() => Place | undefined) | undefined
  let reloadTimer: ReturnType<typeof setTimeout> | undefined

  async function getConfig(): Promise<WebConfig> {
    config ??= await fetchWebConfig()
    return config
  }

  async function restore(): Promise<void> {
    const answer = takeAnswer()
    if (answer) return cameBack(answer)
    await getConfig()
    const stored = await findCredentials()
    if (!stored) return signedOut('', undefined)
    await begin(stored.account, stored, stored.isRemembered, true)
  }

  /** From the company's issuer. */
  async function cameBack(answer: URLSearchParams): Promise<void> {
    store.update(() => ({ kind: 'signing-in', address: '' }))
    const [{ comeBack }, settings] = await Promise.all([import('./company-sign-in.ts'), getConfig()])
    try {
      company = await comeBack(answer, settings)
      localStorage.removeItem(ASK_AGAIN_KEY)
      if (company.hash !== '') history.replaceState(null, '', company.hash)
      await begin(company.account, { token: company.token }, company.isRemembered, false)
    } catch (error) {
      signedOut('', problemIn(error))
    }
  }

  /** Another tab of this browser may have one already. */
  async function renew(account: string, used: Secret): Promise<KeptSecret | undefined> {
    if (!('token' in used)) return undefined
    const stored = await findCredentials()
    if (stored && 'token' in stored && stored.account === account && stored.token.expiresAt > used.token.expiresAt)
      return { token: stored.token }
    const fresh = await company?.renew?.()
    return fresh?.account === account ? { token: fresh.token } : undefined
  }

  function signedOut(address: string, problem: SignInProblem | undefined): void {
    chat = undefined
    store.update(() => ({ kind: 'signed-out', address, problem }))
  }

  /** @param isRestored - show the session at once, and go on trying when the server is away. */
  async function begin(account: string, secret: Secret, isRemembered: boolean, isRestored: boolean): Promise<void> {
    const { service } = await getConfig()
    let hasBegun = isRestored
    let kept: KeptSecret | undefined = 'password' in secret ? undefined : secret
    const keep = (fresh: KeptSecret) => {
      kept = fresh
      void keepCredentials(account, fresh, isRemembered)
    }
    const starting = startChat({
      account,
      service,
      secret,
      isRestored,
      onSecret: keep,
      renew: () => renew(account, kept ?? secret),
      onConnection(state) {
        if (chat !== starting) return
        if (state.kind === 'online') {
          if (kept) keep(kept)
          hasBegun = true
          store.update(() => ({ kind: 'signed-in', chat: starting }))
        } else if (state.kind === 'stopped' && state.failure) void ended(starting, account, state.failure)
        else if (state.kind === 'waiting' && !hasBegun) {
          // A suspension is worth waiting for; a server that is away is better told at the form.
          if (state.failure.kind === 'suspended') store.update(() => ({ kind: 'signed-in', chat: starting }))
          else void starting.close(false).then(() => signedOut(account, state.failure))
        }
      },
    })
    chat = starting
    if (isRestored) store.update(() => ({ kind: 'signed-in', chat: starting }))
    starting.connect()
  }

  async function ended(from: Chat, account: string, failure: Failure): Promise<void> {
    if (failure.kind === 'client-refused') return refused(from, failure.blocked)
    await keepPlace(from)
    if (failure.kind !== 'untrusted-server') await wipeCredentials()
    signedOut(account, failure)
  }

  async function keepPlace(from: Chat): Promise<void> {
    const place = placeSource?.()
    if (place) from.savePlace(place)
    await Promise.race([from.flush(), new Promise((resolve) => setTimeout(resolve, 2_000))])
  }

  /** Saves what is unsaved, then moves into the served build, or waits until there is one. */
  async function refused(from: Chat, blocked: ClientBlocked): Promise<void> {
    const show = (update: UpdateProgress) => store.update(() => ({ kind: 'update-required', blocked, update }))
    await keepPlace(from)
    show({ kind: 'looking' })
    for (;;) {
      const served = await fetchServedBuild()
      // Once per build: if the same build comes back from a cache, reloading again would go on for ever.
      if (served && served.build !== BUILD && sessionStorage.getItem(UPDATED_KEY) !== served.build) {
        sessionStorage.setItem(UPDATED_KEY, served.build)
        const waitMs = Math.random() * blocked.spreadSeconds * 1_000
        show({ kind: 'reloading', version: served.version, at: Date.now() + waitMs })
        reloadTimer = setTimeout(() => location.reload(), waitMs)
        return
      }
      show({ kind: 'waiting' })
      await new Promise((resolve) => setTimeout(resolve, POLL_BUILD_MS * (0.5 + Math.random())))
      if (store.get().kind !== 'update-required') return
    }
  }

  // Signing out means this browser, not this tab.
  const tabs = new BroadcastChannel('drawbridge')
  tabs.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data === 'signed-out') void leave()
  }

  async function leave(): Promise<void> {
    const leaving = chat
    chat = undefined
    if (company || (await hasToken())) localStorage.setItem(ASK_AGAIN_KEY, '1')
    company = undefined
    forgetInstallation()
    await wipeCredentials()
    await leaving?.close(true).catch(() => undefined)
    history.replaceState(null, '', location.pathname)
    signedOut('', undefined)
  }

  void restore().catch(() => signedOut('', undefined))
  return {
    store,
    version: VERSION,
    build: BUILD,
    domain: () => config?.domain ?? location.hostname,
    issuer: () => config?.issuer,
    outside: () => config?.outside ?? { contacts: [], statusPages: [] },
    async signInAtCompany(isRemembered) {
      const { address } = { address: '', ...store.get() }
      store.update(() => ({ kind: 'signing-in', address }))
      try {
        const { leaveForIssuer } = await import('./company-sign-in.ts')
        await leaveForIssuer({ isRemembered, asksAgain: localStorage.getItem(ASK_AGAIN_KEY) !== null })
        // Whoever goes back instead finds the page as it was left.
        addEventListener('pageshow', ({ persisted }) => persisted && signedOut(address, undefined), { once: true })
      } catch (error) {
        signedOut(address, problemIn(error))
      }
    },
    async signIn(address, password, isRemembered) {
      const { domain } = await getConfig()
      const account = typedJid(address, domain)
      if (account === undefined) return signedOut(address, { kind: 'address' })
      store.update(() => ({ kind: 'signing-in', address: account }))
      await begin(account, { password }, isRemembered, false)
    },
    async signOut() {
      await leave()
      tabs.postMessage('signed-out')
    },
    updateNow() {
      clearTimeout(reloadTimer)
      location.reload()
    },
    setPlaceSource(source) {
      placeSource = source
    },
  }
}

/** What to tell the person; anything that is no refusal is told as a network that is not there. */
function problemIn(error: unknown): SignInProblem {
  return error instanceof Error && 'problem' in error ? (error.problem as SignInProblem) : { kind: 'unreachable' }
}

async function hasToken(): Promise<boolean> {
  const stored = await findCredentials()
  return stored !== undefined && 'token' in stored
}
