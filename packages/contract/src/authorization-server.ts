/** `/oidc/sign-in.json`: what the web client needs to send somebody to the issuer, and to get a token for whoever comes back. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  readonly scope: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  /** How the code comes back; best behind the `#`, which no server and no log gets to see. */
  readonly responseMode: 'fragment' | 'query'
  /** It says who it is when it sends somebody back (RFC 9207), so one that does not say it is another one. */
  readonly isNamedInResponse: boolean
}
