// The part of ltx that tests and benchmarks use; the package brings no types.
declare module 'ltx' {
  export class Element {
    attrs: Record<string, string>
    children: (Element | string)[]
    parent: Element | null
    constructor(name: string, attrs: Record<string, string>)
    cnode(child: Element): Element
    t(text: string): this
  }
  export class Parser {
    on(event: 'startElement', listener: (name: string, attrs: Record<string, string>) => void): this
    on(event: 'endElement' | 'text', listener: (text: string) => void): this
    write(chunk: string): void
  }
}
