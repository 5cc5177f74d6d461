/** Version of this build, as announced to the server (`version` of `<client/>`, XEP-0092). */
declare const __VERSION__: string
/** Identity of this build; compared with /build.json. */
declare const __BUILD__: string
