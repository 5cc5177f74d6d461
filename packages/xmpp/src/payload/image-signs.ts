/** How files of images begin, in hexadecimal digits; `?` stands for any digit. Long enough to be found anywhere. */
const SIGNATURES = [
  '89504e470d0a', // PNG
  ...['c', 'd', 'e', 'f'].map((marker) => `ffd8ff${marker}?`), // JPEG
  '47494638??61', // GIF
  '52494646????????57454250', // WebP
  '52494646????????41434f4e', // animated cursor
  '424d????????00000000', // BMP
  ...['49492a00', '4d4d002a', '49492b00', '4d4d002b'], // TIFF
  '4949bc01', // JPEG XR
  '000000??66747970', // ISO media: AVIF, HEIF
  ...['0000000c6a5020', 'ff4fff51', '0000000c4a584c20'], // JPEG 2000, JPEG XL
  '38425053', // Photoshop
  '3c737667', // <svg
]
/** So short, or of so many zeros, that they say something at the beginning only: icon, cursor, JPEG XL. */
const SHORT_SIGNATURES = ['00000100??00', '00000200??00', 'ff0a00']
/** What is taken for an image where it stands for a file: documents of XML may be SVG. */
const TEXT_SIGNATURES = ['3c3f786d6c', '3c21646f63', '3c21444f43'] // <?xml, <!doc, <!DOC

/** Fewer characters of base64 or hexadecimal digits are no image. */
const MIN_ENCODED_LENGTH = 32
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** A digit of base64, in either alphabet (RFC 4648 §4, §5). */
const DIGIT = '[A-Za-z0-9+/_-]'

const RAW = new RegExp(SIGNATURES.map(rawPattern).join('|'))
const RAW_AT_START = startOf([...SIGNATURES, ...SHORT_SIGNATURES, ...TEXT_SIGNATURES], rawPattern)
const ENCODED = new RegExp(SIGNATURES.flatMap((signature) => [base64Run(signature), hexRun(signature)]).join('|'))
const ENCODED_AT_START = startOf(SHORT_SIGNATURES, base64Run, hexRun)
const BASE64_AT_START = startOf([...SIGNATURES, ...SHORT_SIGNATURES, ...TEXT_SIGNATURES], base64Pattern)

/** Whether bytes, one by character, are those of an image: browsers look at them, and at no label. */
export function beginsAsImage(bytes: string): boolean {
  return RAW_AT_START.test(bytes)
}

/** The same for base64 without white space. */
export function beginsAsEncodedImage(base64: string): boolean {
  return BASE64_AT_START.test(base64)
}

/**
 * Whether a text holds an image as base64 (either alphabet), hexadecimal digits or percent-encoded, wherever it begins
 * and however it is broken by white space. Ciphertext and hashes look like one about once in a hundred million. Linear in
 * the length of the text.
 */
export function holdsEncodedImage(text: string): boolean {
  if (text.length < MIN_ENCODED_LENGTH) return false
  const compact = text.replace(/\s+/g, '')
  if (ENCODED.test(compact) || ENCODED_AT_START.test(compact)) return true
  if (!compact.includes('%')) return false
  const decoded = percentDecode(compact)
  return decoded.length < compact.length && (RAW.test(decoded) || ENCODED.test(decoded))
}

/** What percent-encoding stands for, one character by byte (RFC 3986 §2.1). */
export function percentDecode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function startOf(signatures: readonly string[], ...patterns: ((signature: string) => string)[]): RegExp {
  return new RegExp(`^(?:${signatures.flatMap((signature) => patterns.map((of) => of(signature))).join('|')})`)
}

function rawPattern(signature: string): string {
  return signature.replace(/(.)(.?)/g, (_, high: string, low: string) => {
    if (high === '?') return '[^]'
    return low === '?' || low === '' ? `[\\x${high}0-\\x${high}f]` : `\\x${high}${low}`
  })
}

/** Each digit as all that it may be, by the bits that are known of it. */
function base64Pattern(signature: string): string {
  const bits = [...signature]
    .map((digit) => (digit === '?' ? '....' : Number.parseInt(digit, 16).toString(2).padStart(4, '0')))
    .join('')
  return bits.replace(/.{1,6}/gs, (known) => {
    const fits = new RegExp(`^${known}`)
    const digits = [...ALPHABET].filter((_, value) => fits.test(value.toString(2).padStart(6, '0'))).join('')
    return digits.length === ALPHABET.length ? DIGIT : `[${digits.replace('+', '+\\-').replace('/', '/_')}]`
  })
}

function base64Run(signature: string): string {
  const length = Math.ceil((signature.length * 4) / 6)
  return `${base64Pattern(signature)}${DIGIT}{${MIN_ENCODED_LENGTH - length}}`
}

function hexRun(signature: string): string {
  const digits = signature
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
    .replaceAll('?', '[0-9A-Fa-f]')
  return `${digits}[0-9A-Fa-f]{${MIN_ENCODED_LENGTH - signature.length}}`
}
