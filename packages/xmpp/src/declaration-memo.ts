// An element of one name is nearly always in one namespace: `<active` goes on with ` xmlns='http://jabber.org/…'`. So the
// declaration that came first in a tag is remembered by the tag's name, and where the same bytes come again, they need
// only be compared. What is remembered was read strictly, whoever sent it, and what collides is replaced: a sender of
// changing declarations costs the others speed, never memory, and its own bytes are copied once.

const SLOTS = 512
const MAX_LENGTH = 80

export class DeclarationMemo {
  private readonly namespaces: string[] = Array.from({ length: SLOTS }, () => '')
  private readonly lengths = new Uint8Array(SLOTS)
  private readonly bytes = new Uint8Array(SLOTS * MAX_LENGTH)

  /** Where the declaration behind a tag's name, which is the bytes from `from` to `to`, is remembered. */
  slotOf(bytes: Uint8Array, from: number, to: number): number {
    return (bytes[from]! * 37 + bytes[(from + to) >> 1]! * 11 + bytes[to - 1]! * 5 + to - from) & (SLOTS - 1)
  }

  /** The length of the remembered declaration if the bytes at `from`, behind the name, are the same; 0 if not. */
  match(slot: number, bytes: Uint8Array, from: number, end: number): number {
    const length = this.lengths[slot]!
    if (length === 0 || from + length > end) return 0
    const known = this.bytes
    const at = slot * MAX_LENGTH
    for (let k = 0; k < length; k++) if (known[at + k] !== bytes[from + k]) return 0
    return length
  }

  /** The namespace that is declared there. */
  namespaceAt(slot: number): string {
    return this.namespaces[slot]!
  }

  /** Remembers that the bytes from `from`, white space before and quote behind included, declare this namespace. */
  learn(slot: number, bytes: Uint8Array, from: number, to: number, namespace: string): void {
    const length = to - from
    if (length > MAX_LENGTH) return
    const known = this.bytes
    const at = slot * MAX_LENGTH
    for (let k = 0; k < length; k++) known[at + k] = bytes[from + k]!
    this.lengths[slot] = length
    this.namespaces[slot] = namespace
  }
}
