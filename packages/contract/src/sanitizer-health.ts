import * as z from 'zod'

/** What holds a hostile image decoder, from the strongest to the weakest; docs/operate/sandbox.md explains them. */
export const SANDBOX_LEVELS = ['A', 'B', 'C', 'D'] as const
export type SandboxLevel = (typeof SANDBOX_LEVELS)[number]

/** What every child tries once it is locked down. `signal` and `ptrace` are aimed at the sanitizer itself. */
export const SANDBOX_PROBES = ['read', 'write', 'connect', 'spawn', 'signal', 'ptrace'] as const
export type SandboxProbe = (typeof SANDBOX_PROBES)[number]

/** What holds the sanitizer's children. */
export const sandboxStatus = z
  .strictObject({
    level: z.enum(SANDBOX_LEVELS),
    /** Level D: no boundary against code execution. */
    isWeak: z.boolean(),
    /** Stronger levels that do not work here, and why. */
    skipped: z.array(z.object({ level: z.enum(SANDBOX_LEVELS), why: z.string() })),
    /** What a child could not do, neither on its main thread nor on another. */
    denied: z.array(z.enum(SANDBOX_PROBES)),
    /** What it could. */
    possible: z.array(z.enum(SANDBOX_PROBES)),
    kernel: z.string(),
    /** Version of Landlock's interface; 0 without it. */
    landlockAbi: z.number(),
    /** Architecture of the seccomp filter; absent where the level has none. */
    seccomp: z.string().optional(),
    /** The user that children are, where that differs from the sanitizer's. */
    childUid: z.number().optional(),
    /** Limits of a child, by the names of prlimit(1). */
    limits: z.record(z.string(), z.number()),
    /** Whether Node's own code is at an unpredictable address. */
    isNodePie: z.boolean(),
  })
  .meta({ id: 'Sandbox' })
export type SandboxStatus = z.output<typeof sandboxStatus>

const results = z.record(z.string(), z.boolean())

/** What the sanitizer says of itself: the part of `GET /health` on its socket that others show. */
export const sanitizerStatus = z.object({
  status: z.enum(['ok', 'degraded']),
  versions: z.object({ node: z.string(), sharp: z.string(), libvips: z.string() }),
  sandbox: sandboxStatus,
  /** Per format: whether it went as it must. */
  selfTest: z.object({ accepted: results, refused: results }),
})
export type SanitizerStatus = z.output<typeof sanitizerStatus>
