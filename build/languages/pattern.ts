// The text of a message in a catalogue: words, {placeholders} and numbered <1>elements</1>.

export type Token =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'value'; readonly name: string }
  | { readonly is: 'open'; readonly element: number }
  | { readonly is: 'close'; readonly element: number }
  | { readonly is: 'empty'; readonly element: number };

const TOKEN = /\{([\w$]+)\}|<(\/?)(\d+)(\/?)>/g;

export function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const addText = (end: number): void => {
    if (end > position) tokens.push({ is: 'text', text: pattern.slice(position, end) });
  };
  for (const match of pattern.matchAll(TOKEN)) {
    const [token, name, slash, element, empty] = match;
    addText(match.index);
    position = match.index + token.length;
    if (name !== undefined) tokens.push({ is: 'value', name });
    else if (slash) tokens.push({ is: 'close', element: Number(element) });
    else tokens.push({ is: empty ? 'empty' : 'open', element: Number(element) });
  }
  addText(pattern.length);
  return tokens;
}

/** Whether a text of the source looks like a placeholder or an element of a message. */
export const isAmbiguous = (text: string): boolean => /[{}]|<\/?\d+\/?>/.test(text);

const namesIn = (pattern: string): ReadonlySet<string> =>
  new Set(tokensOf(pattern).flatMap((token) => (token.is === 'value' ? [token.name] : [])));

const elementsIn = (pattern: string): string =>
  tokensOf(pattern)
    .flatMap((token) => (token.is === 'open' || token.is === 'empty' ? [`${token.element} ${token.is}`] : []))
    .sort()
    .join();

/** Whether every element is closed, the last opened one first. */
function isNested(pattern: string): boolean {
  const open: number[] = [];
  for (const token of tokensOf(pattern)) {
    if (token.is === 'open') open.push(token.element);
    if (token.is === 'close' && open.pop() !== token.element) return false;
  }
  return open.length === 0;
}

/**
 * Returns what is wrong with a translation of `key`; undefined if nothing is. If `mayOmit` is true,
 * the translation may omit placeholders: a plural form for exactly one or two can write the number
 * as a word.
 */
export function faultOf(key: string, translation: string, mayOmit = false): string | undefined {
  const [expected, found] = [namesIn(key), namesIn(translation)];
  for (const name of found) if (!expected.has(name)) return `{${name}} is not in the English text`;
  for (const name of expected) if (!found.has(name) && !mayOmit) return `{${name}} is missing`;
  const words = tokensOf(translation).flatMap((token) => (token.is === 'text' ? [token.text] : []));
  if (words.some(isAmbiguous)) return 'a brace or an element is incomplete';
  if (elementsIn(key) !== elementsIn(translation)) return 'its elements are not those of the English text';
  return isNested(translation) ? undefined : 'an element is not closed, or closed too early';
}
