const WINDOW_BYTES = 4_096
/** A smaller file says too little about itself. */
const LEAST_BYTES = 128
const MAX_WINDOWS = 256
/** Random bytes come to 7.95 bits in a window of 4 KiB; what a compressor leaves has structure somewhere. */
const RANDOM_SHARE = 0.95
/** How far from the expected value random bytes are now and then; few bytes are farther. */
const TOLERANCE_BITS = 0.06

/**
 * Whether bytes look like encryption: nearly every part of them is as good as random. Bits per byte are compared with
 * what random bytes of the same number have, since few bytes cannot have 8.
 */
export function looksRandom(bytes: Uint8Array): boolean {
  if (bytes.length < LEAST_BYTES) return false
  const count = Math.min(Math.ceil(bytes.length / WINDOW_BYTES), MAX_WINDOWS)
  const step = count === 1 ? 0 : Math.floor((bytes.length - WINDOW_BYTES) / (count - 1))
  let random = 0
  for (let window = 0; window < count; window++) {
    const part = bytes.subarray(window * step, window * step + WINDOW_BYTES)
    if (entropyBits(part) >= expectedBits(part.length) - TOLERANCE_BITS - 40 / part.length) random += 1
  }
  return random >= count * RANDOM_SHARE
}

/** Shannon entropy, bits per byte. */
function entropyBits(bytes: Uint8Array): number {
  const counts = new Uint32Array(256)
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
  let bits = 0
  for (const count of counts) if (count > 0) bits -= (count / bytes.length) * Math.log2(count / bytes.length)
  return bits
}

/** Expected entropy of so many random bytes (Miller–Madow for large samples, the birthday count for small ones). */
function expectedBits(length: number): number {
  if (length >= 1_024) return 8 - 255 / (2 * length * Math.LN2)
  // Every byte value appears Poisson(length / 256) times.
  const mean = length / 256
  let bits = 0
  let chance = Math.exp(-mean)
  for (let times = 1; times < 32; times++) {
    chance *= mean / times
    bits -= 256 * chance * (times / length) * Math.log2(times / length)
  }
  return bits
}
