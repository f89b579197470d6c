// What people read of the code: found by TypeScript's own parser, because a text may stand over several lines and
// in quotes of any kind.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { rootFolder } from '../paths.ts';

/** A text, and where it stands, as in `src/settings/settings.ts:12`. */
export interface FoundText {
  readonly place: string;
  readonly text: string;
}

export interface CodeTexts {
  /** What is translated, each once, in the order of the alphabet. */
  readonly translated: readonly string[];
  /** What is handed to a translator, and is not a plain text there: nobody could know it beforehand. */
  readonly unknown: readonly FoundText[];
  /** What seems to be shown to people as it stands. */
  readonly plain: readonly FoundText[];
}

/** Names of properties whose texts are shown by VS Code. */
const shownProperties = new Set([
  'title',
  'prompt',
  'placeHolder',
  'openLabel',
  'saveLabel',
  'label',
  'description',
  'detail',
  'tooltip',
  'text',
  'message',
]);
/** Methods whose texts are shown. */
const showingMethods = new Set([
  'information',
  'warning',
  'error',
  'showInformationMessage',
  'showWarningMessage',
  'showErrorMessage',
  'appendMarkdown',
]);

/** @param patterns files of the project, as in `src/views/*.ts` */
export function findTexts(patterns: readonly string[]): CodeTexts {
  const translated = new Set<string>();
  const ofTables = new Map<string, string>();
  const unknown: FoundText[] = [];
  // By their places: what is shown as a whole may hold what is prose.
  const plain = new Map<string, FoundText>();
  for (const file of patterns.flatMap(pattern => globSync(pattern, { cwd: rootFolder })).sort()) {
    const source = ts.createSourceFile(
      file,
      readFileSync(path.join(rootFolder, file), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const found = (node: ts.Node): FoundText => ({
      place: `${file.replaceAll('\\', '/')}:${String(source.getLineAndCharacterOfPosition(node.getStart()).line + 1)}`,
      text: node.getText(),
    });
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && isTranslation(node.expression)) {
        const text = messageOf(node.arguments[0]);
        if (text !== undefined) translated.add(text);
        else if (!isOfTable(node.arguments[0])) unknown.push(found(node));
        for (const argument of node.arguments.slice(1)) visit(argument);
        return;
      }
      const table = ts.isVariableDeclaration(node) ? tables[node.name.getText()] : undefined;
      if (table?.file === file.replaceAll('\\', '/')) {
        for (const [name, text] of textsByName(node)) ofTables.set(`${table.words} ${name}`, text);
        return;
      }
      if (ts.isCallExpression(node) && isLogging(node.expression)) return;
      let shown: ts.Expression[] = [];
      if (ts.isCallExpression(node) && isShowing(node.expression)) shown = wordsIn(node.arguments[0]);
      else if (ts.isPropertyAssignment(node) && shownProperties.has(node.name.getText()))
        shown = wordsIn(node.initializer);
      else if (ts.isStringLiteralLike(node) && isProse(node.text)) shown = [node];
      else if (ts.isTemplateExpression(node) && textsOf(node).some(isProse)) shown = [node];
      for (const words of shown) plain.set(`${String(words.getStart())} ${file}`, found(words));
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  for (const text of ofTables.values()) translated.add(text);
  return { translated: [...translated].sort(), unknown, plain: [...plain.values()] };
}

/** Where words stand that a window looks up by name, and puts into its language. */
const tables: Readonly<Record<string, { readonly file: string; readonly words: string }>> = {
  oneSkipped: { file: 'src/protocol/skipReason.ts', words: 'one' },
  manySkipped: { file: 'src/protocol/skipReason.ts', words: 'many' },
  sentences: { file: 'src/protocol/sentences.ts', words: 'sentences' },
  // It stands behind the other, and has its own words in the place of some of those.
  windowSentences: { file: 'src/text/windowSentences.ts', words: 'sentences' },
};

function isOfTable(node: ts.Expression | undefined): boolean {
  return node !== undefined && ts.isElementAccessExpression(node) && node.expression.getText() in tables;
}

/** The texts of a table by their names there. */
function textsByName(node: ts.Node): (readonly [string, string])[] {
  if (ts.isPropertyAssignment(node) && ts.isStringLiteralLike(node.initializer))
    return [[node.name.getText(), node.initializer.text]];
  return node.getChildren().flatMap(textsByName);
}

/** `vscode.l10n.t`, `l10n.t`, or the `t` of src/text/localize.ts. */
function isTranslation(callee: ts.Expression): boolean {
  return /^((vscode\.)?l10n\.)?t$/.test(callee.getText());
}

function isShowing(callee: ts.Expression): boolean {
  return ts.isPropertyAccessExpression(callee) && showingMethods.has(callee.name.text);
}

/** The log is for whoever mends things, and is not translated. */
function isLogging(callee: ts.Expression): boolean {
  return ts.isPropertyAccessExpression(callee) && /\blog$/i.test(callee.expression.getText());
}

/** A plain text, also one that is glued together, or that stands as `message` in an object. */
function messageOf(node: ts.Expression | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const parts = [messageOf(node.left), messageOf(node.right)];
    return parts.every(part => part !== undefined) ? parts.join('') : undefined;
  }
  if (ts.isObjectLiteralExpression(node)) {
    for (const property of node.properties) {
      if (ts.isPropertyAssignment(property) && property.name.getText() === 'message')
        return messageOf(property.initializer);
    }
  }
  return undefined;
}

/** The literals with words in them that a value may come to, as far as it can be seen from the value alone. */
function wordsIn(node: ts.Expression | undefined): ts.Expression[] {
  if (node === undefined) return [];
  if (ts.isStringLiteralLike(node)) return hasWords(node.text) ? [node] : [];
  if (ts.isTemplateExpression(node)) {
    return textsOf(node).some(hasWords) ? [node] : [];
  }
  if (ts.isConditionalExpression(node)) return [...wordsIn(node.whenTrue), ...wordsIn(node.whenFalse)];
  if (ts.isBinaryExpression(node)) return [...wordsIn(node.left), ...wordsIn(node.right)];
  if (ts.isParenthesizedExpression(node)) return wordsIn(node.expression);
  return [];
}

function textsOf(node: ts.TemplateExpression): string[] {
  return [node.head.text, ...node.templateSpans.map(span => span.literal.text)];
}

/** Two words beside each other, wherever they stand, are hardly for machines. */
function isProse(text: string): boolean {
  return hasWords(text) && /\p{L}{2,}[,.:]? \p{L}{2,}/u.test(text);
}

/** The name of this extension, icons and the names of commands and settings are the same in every language. */
function hasWords(text: string): boolean {
  const left = text
    .replaceAll(/\$\([\w~-]+\)/g, '')
    .replaceAll(/\btarshelf[.\w]*/gi, '')
    .replaceAll(/\bcommand:\S*/g, '');
  return /\p{L}{2,}/u.test(left);
}
