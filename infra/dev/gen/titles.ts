import ts from 'typescript'

const NAMES = new Set(['describe', 'test', 'it'])

/**
 * What the tests of one file say they show: the titles of `describe` and `test`, and for titles that are made of a table,
 * the words of that table. Comments and what a test does are no title.
 */
export function titlesIn(name: string, source: string): readonly string[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true)
  const titles: string[] = []
  const tables = new Map<string, ts.Expression>()
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
      tables.set(node.name.text, node.initializer)
    }
    const title = ts.isCallExpression(node) && isTest(node.expression) ? node.arguments[0] : undefined
    if (title) {
      titles.push(...wordsIn(title))
      for (const table of tablesOf(node as ts.CallExpression)) {
        titles.push(...wordsIn((ts.isIdentifier(table) ? tables.get(table.text) : undefined) ?? table))
      }
    }
    node.forEachChild(visit)
  }
  visit(file)
  return titles
}

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
