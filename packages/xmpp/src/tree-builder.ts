import { Element, emptyAttrs, type Attrs, type Node } from './element.ts'
import { StreamFault } from './errors.ts'
import type { XmlLimits } from './limits.ts'
import { NS_XML, NS_XMLNS } from './ns.ts'
import { isUriReference } from './uri.ts'

/** An open element, and what holds inside it. */
interface Scope {
  element: Element
  namespace: string
  defaultNamespace: string
  declarations: number
  prefixes: number
  /** Where its children, and its name as it was written, begin on their stacks. */
  childStart: number
  nameStart: number
}

const NOBODY = new Element('')

function newScope(): Scope {
  return {
    element: NOBODY,
    namespace: '',
    defaultNamespace: '',
    declarations: 0,
    prefixes: 0,
    childStart: 0,
    nameStart: 0,
  }
}

/**
 * Makes a tree of what the tokenizer reads: resolves namespaces, checks that attributes are unique, and keeps what is in
 * scope. The trees it makes have no prefixes on elements: `attrs.xmlns` is present where the namespace differs from that
 * of the parent, and on the root.
 */
export class TreeBuilder {
  limits: XmlLimits
  /** Open elements, the stream's root included. */
  level = 0

  /** Attributes of the tag being read, `xmlns` not among them, filled by the tokenizer. */
  readonly attrNames: string[] = []
  readonly attrValues: string[] = []
  /** Where the colon is in each name; -1 without. */
  readonly attrColons: number[] = []

  /**
   * The names of open elements as they were written, one after another, for comparison with end tags. It grows; so few
   * bytes are enough for most, and V8 keeps them in the object itself, which is made ten times as fast.
   */
  openNames = new Uint8Array(64)
  /** Where the name of the innermost open element begins and ends. */
  openNameStart = 0
  openNameEnd = 0

  // Elements at a level above this are parts of a stanza; the one just above it is the stanza, whose parent is nobody.
  private readonly base: number
  private elements = 0
  private namespaceLength = 0

  /** By level; those above the present one are kept for use again. */
  private readonly scopes: Scope[] = [newScope()]
  private scope: Scope = this.scopes[0]!
  // What the element made last puts in scope.
  private newNamespace = ''
  private newDefault = ''
  private newDeclarations = 0
  // Stacks that all levels share: finished children of open elements, and bindings of prefixes.
  private readonly children: Node[] = []
  private readonly prefixes: string[] = []
  private readonly uris: string[] = []

  constructor(limits: XmlLimits, base: number) {
    this.limits = limits
    this.base = base
  }

  /** Begins to count a new stanza. */
  startStanza(): void {
    this.elements = 0
    this.namespaceLength = 0
  }

  /** The root of the stream. */
  get root(): Element {
    return this.scopes[1]!.element
  }

  /** The default namespace that the root of the stream declares. */
  get rootDefaultNamespace(): string {
    return this.scopes[1]!.defaultNamespace
  }

  /** Whether another element may begin here. @throws StreamFault `policy-violation` */
  checkDepth(): void {
    const depth = this.level - this.base + 1
    if (depth <= 0) return
    if (depth > this.limits.maxDepth) throw new StreamFault('policy-violation', 'nested too deeply')
    if (this.elements >= this.limits.maxElements) throw new StreamFault('policy-violation', 'too many elements')
  }

  /** Adds text to the innermost open element; text that touches text is one. */
  addText(text: string): void {
    if (text === '') return
    const { children } = this
    const last = children.length - 1
    if (last >= this.scope.childStart) {
      const before = children[last]
      if (typeof before === 'string') {
        children[last] = before + text
        return
      }
    }
    children.push(text)
  }

  /**
   * Makes the element of the tag being read, with the first `count` attributes; `enter` or `addEmpty` must follow.
   *
   * @param declared - value of the attribute `xmlns`, if there is one
   * @param hasPrefixes - whether any of the other attributes has a prefix
   * @throws StreamFault
   */
  createElement(
    rawName: string,
    colon: number,
    count: number,
    declared: string | undefined,
    hasPrefixes: boolean,
  ): Element {
    const { attrNames, attrValues } = this
    for (let a = 1; a < count; a++) {
      const name = attrNames[a]
      for (let b = 0; b < a; b++) if (attrNames[b] === name) throw duplicateAttribute()
    }
    if (declared !== undefined) this.checkNamespace(declared)
    if (colon === -1 && !hasPrefixes) return this.createPlain(rawName, attrNames, count, declared)

    const level = this.level + 1
    const prefixes = hasPrefixes ? this.declarePrefixes(count) : 0
    const defaultNamespace = declared ?? this.scope.defaultNamespace
    this.putInScope(defaultNamespace, prefixes + (declared === undefined ? 0 : 1))
    let localName = rawName
    let namespace = defaultNamespace
    if (colon !== -1) {
      localName = rawName.slice(colon + 1)
      namespace = this.lookUp(rawName.slice(0, colon), level)
      // A tree without prefixes cannot say this: the XML namespace must not be a default namespace.
      if (namespace === NS_XML) throw new StreamFault('bad-namespace-prefix', 'element in the XML namespace')
    }
    const attrs = this.attrsIn(namespace)
    for (let a = 0; a < count; a++) {
      if (this.attrColons[a] !== -1) this.addPrefixed(attrs, a, level)
      else attrs[attrNames[a]!] = attrValues[a]!
    }
    return this.make(localName, attrs)
  }

  /**
   * The same for a tag without prefixes, `xml:` excepted, whose attributes are known to be unique and its namespace to be
   * one.
   */
  createPlain(name: string, attrNames: readonly string[], count: number, declared: string | undefined): Element {
    const namespace = declared ?? this.scope.defaultNamespace
    this.putInScope(namespace, declared === undefined ? 0 : 1)
    const attrs = this.attrsIn(namespace)
    const { attrValues } = this
    for (let a = 0; a < count; a++) store(attrs, attrNames[a]!, attrValues[a]!)
    return this.make(name, attrs)
  }

  private putInScope(defaultNamespace: string, added: number): void {
    const { declarations } = this.scope
    if (added > 0 && declarations + added > this.limits.maxNamespaces)
      throw new StreamFault('policy-violation', 'too many declarations')
    this.newDefault = defaultNamespace
    this.newDeclarations = declarations + added
  }

  /** The attributes of an element in a namespace, so far: its declaration, where it is not the parent's. */
  private attrsIn(namespace: string): Attrs {
    const attrs = emptyAttrs()
    if (this.level <= this.base || namespace !== this.scope.namespace) {
      attrs['xmlns'] = namespace
      this.countNamespace(namespace)
    }
    this.newNamespace = namespace
    return attrs
  }

  private make(name: string, attrs: Attrs): Element {
    const element = new Element(name, attrs)
    if (this.level > this.base) element.parent = this.scope.element
    if (this.level >= this.base) this.elements++
    return element
  }

  /** Makes the element the innermost open one. Its name was written as the bytes from `from` to `to`. */
  enter(element: Element, bytes: Uint8Array, from: number, to: number): void {
    const level = ++this.level
    const scope = (this.scopes[level] ??= newScope())
    this.scope = scope
    scope.element = element
    scope.namespace = this.newNamespace
    scope.defaultNamespace = this.newDefault
    scope.declarations = this.newDeclarations
    scope.prefixes = this.prefixes.length
    scope.childStart = this.children.length
    let end = this.openNameEnd
    this.openNameStart = end
    scope.nameStart = end
    if (end + to - from > this.openNames.length) {
      const larger = new Uint8Array((end + to - from) * 2)
      larger.set(this.openNames)
      this.openNames = larger
    }
    const { openNames } = this
    for (let i = from; i < to; i++) openNames[end++] = bytes[i]!
    this.openNameEnd = end
  }

  /** Adds an element without content. Returns it if it is a stanza. */
  addEmpty(element: Element): Element | undefined {
    this.dropPrefixes(this.scope)
    if (this.level === this.base) return element
    this.children.push(element)
    return undefined
  }

  /** Closes the innermost element. Returns it if it is a stanza; `undefined` if it is a part of one, or the stream. */
  closeElement(): Element | undefined {
    const { scope, children } = this
    const level = this.level--
    const outer = this.scopes[level - 1]!
    this.scope = outer
    this.openNameEnd = scope.nameStart
    this.openNameStart = outer.nameStart
    this.dropPrefixes(outer)
    if (level <= this.base) return undefined
    const { element, childStart: start } = scope
    const count = children.length - start
    if (count > 0) element.children = takeLast(children, count)
    if (level === this.base + 1) return element
    children.push(element)
    return undefined
  }

  /** Forgets the bindings of elements inside a scope. */
  private dropPrefixes({ prefixes: count }: Scope): void {
    if (this.prefixes.length > count) this.prefixes.length = this.uris.length = count
  }

  private checkNamespace(uri: string): void {
    if (uri === NS_XML || uri === NS_XMLNS) throw new StreamFault('not-well-formed', 'reserved namespace')
    // A namespace is repeated in the tree wherever it is used, so a long one multiplies what its sender had to send.
    if (uri.length > this.limits.maxNameBytes) throw new StreamFault('policy-violation', 'namespace too long')
    if (!isUriReference(uri)) throw new StreamFault('policy-violation', 'namespace is no URI')
  }

  /** Declares what the first `count` attributes do. Returns how many do. */
  private declarePrefixes(count: number): number {
    let declarations = 0
    for (let a = 0; a < count; a++) {
      const name = this.attrNames[a]!
      if (this.attrColons[a] !== 5 || !name.startsWith('xmlns:')) continue
      this.declarePrefix(name.slice(6), this.attrValues[a]!)
      declarations++
    }
    return declarations
  }

  private declarePrefix(prefix: string, uri: string): void {
    if (uri === '') throw new StreamFault('not-well-formed', 'empty namespace for a prefix')
    if (prefix === 'xmlns' || (prefix === 'xml') !== (uri === NS_XML)) {
      throw new StreamFault('not-well-formed', 'reserved prefix or namespace')
    }
    if (prefix !== 'xml') this.checkNamespace(uri)
    this.prefixes.push(prefix)
    this.uris.push(uri)
  }

  /** Counts the declarations in the tree, repeated ones too, so that no tree is much larger than its input. */
  private countNamespace(uri: string): void {
    this.namespaceLength += uri.length
    if (this.namespaceLength > this.limits.maxStanzaBytes)
      throw new StreamFault('policy-violation', 'too many prefixes')
  }

  private lookUp(prefix: string, level: number): string {
    for (let i = this.prefixes.length - 1; i >= 0; i--) if (this.prefixes[i] === prefix) return this.uris[i]!
    if (prefix === 'xml') return NS_XML
    // RFC 6120 §4.9.3.2 is about the elements that make the stream; deeper down it is XML that is not well-formed.
    throw new StreamFault(level <= this.base + 1 ? 'bad-namespace-prefix' : 'not-well-formed', 'unbound prefix')
  }

  /** An attribute with a prefix: kept with it, its namespace declared on the same element; `xml:lang` needs none. */
  private addPrefixed(attrs: Attrs, index: number, level: number): void {
    const name = this.attrNames[index]!
    const prefix = name.slice(0, this.attrColons[index])
    if (prefix === 'xmlns') return
    const uri = this.lookUp(prefix, level)
    this.checkUniqueByNamespace(index, uri, level)
    attrs[name] = this.attrValues[index]!
    if (prefix === 'xml') return
    const declaration = `xmlns:${prefix}`
    if (attrs[declaration] !== undefined) return
    attrs[declaration] = uri
    this.countNamespace(uri)
  }

  private checkUniqueByNamespace(index: number, uri: string, level: number): void {
    const localName = this.attrNames[index]!.slice(this.attrColons[index]! + 1)
    for (let other = 0; other < index; other++) {
      const colon = this.attrColons[other]!
      if (colon === -1) continue
      const name = this.attrNames[other]!
      if (name.length - colon - 1 !== localName.length || !name.endsWith(localName)) continue
      const prefix = name.slice(0, colon)
      if (prefix !== 'xmlns' && this.lookUp(prefix, level) === uri) throw duplicateAttribute()
    }
  }
}

/** Two attributes of one tag have the same name. */
export function duplicateAttribute(): StreamFault {
  return new StreamFault('not-well-formed', 'duplicate attribute')
}

/**
 * Adds an attribute. V8 stores by a name that is written out faster than by one that it has to look at, so what is in
 * nearly every stanza is.
 */
function store(attrs: Attrs, name: string, value: string): void {
  switch (name) {
    case 'id':
      attrs['id'] = value
      break
    case 'to':
      attrs['to'] = value
      break
    case 'from':
      attrs['from'] = value
      break
    case 'type':
      attrs['type'] = value
      break
    default:
      attrs[name] = value
  }
}

/** Takes nodes off the end of a stack. A call into the runtime takes longer than to make a small array, or to pop. */
function takeLast(stack: Node[], count: number): Node[] {
  const at = stack.length - count
  const nodes =
    count === 1
      ? [stack[at]!]
      : count === 2
        ? [stack[at]!, stack[at + 1]!]
        : count === 3
          ? [stack[at]!, stack[at + 1]!, stack[at + 2]!]
          : stack.slice(at)
  for (let i = 0; i < count; i++) stack.pop()
  return nodes
}
