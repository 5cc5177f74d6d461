import ts from 'typescript'

const NAMES = new Set(['describe', 'test', 'it'])
const DOCUMENT = /\b(?:XEP-\d{4}|RFC \d{4})\b/g

/**
 * What the tests of one file say they show: the titles of `describe` and `test`, and for titles that are made of a table,
 * the words of that table. Comments and what a test does are no title. A section is one of the document that the titles
 * around it are about, where it names none itself.
 */
export function titlesIn(name: string, source: string): readonly string[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true)
  const titles: string[] = []
  const tables = new Map<string, ts.Expression>()
  const visit = (node: ts.Node, around: string | undefined): void => {
    let document = around
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
      tables.set(node.name.text, node.initializer)
    }
    const title = ts.isCallExpression(node) && isTest(node.expression) ? node.arguments[0] : undefined
    if (title) {
      const words = wordsIn(title)
      titles.push(...words.map((text) => inDocument(text, around)))
      document = documentOf(words.join('')) ?? around
      for (const table of tablesOf(node as ts.CallExpression)) {
        const rows = wordsIn((ts.isIdentifier(table) ? tables.get(table.text) : undefined) ?? table)
        titles.push(...rows.map((text) => inDocument(text, document)))
      }
    }
    node.forEachChild((child) => visit(child, document))
  }
  visit(file, undefined)
  return titles
}

/** The one document that a title names; nothing where there are several to choose from. */
function documentOf(title: string): string | undefined {
  const named = new Set(title.match(DOCUMENT))
  return named.size === 1 ? [...named][0] : undefined
}

const inDocument = (title: string, document: string | undefined) =>
  document === undefined || title.match(DOCUMENT) ? title : title.replace('§', `${document} §`)

/** `test`, `test.skipIf(…)`, `describe.each(…)` and the like. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return NAMES.has(callee.text)
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) return isTest(callee.expression)
  return false
}

/** What a title takes its words from: the argument of `each`, and the list of a loop around it. */
function* tablesOf(call: ts.CallExpression): Generator<ts.Expression> {
  const { expression } = call
  if (ts.isCallExpression(expression) && expression.arguments[0]) yield expression.arguments[0]
  for (let node: ts.Node = call; !ts.isSourceFile(node); node = node.parent) {
    if (ts.isForOfStatement(node)) yield node.expression
  }
}

function wordsIn(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
    return [node.text]
  }
  const words: string[] = []
  node.forEachChild((child) => void words.push(...wordsIn(child)))
  return words
}
