// Makes a catalogue for tests: each message is its English text with accents, about 40 % longer. A text
// on the page without accents does not come from a message.
import { type Catalog, categoriesOf, type PlacedMessage } from './catalog.ts';
import { tokensOf } from './pattern.ts';

const ACCENTS: Readonly<Record<string, string>> = {
  a: 'á',
  e: 'é',
  i: 'í',
  o: 'ó',
  u: 'ú',
  A: 'Á',
  E: 'É',
  I: 'Í',
  O: 'Ó',
  U: 'Ú',
};
const GROWTH = 0.4;

export function pseudoCatalog(messages: readonly PlacedMessage[], language: string): Catalog {
  return Object.fromEntries(
    messages.map(({ message: { key, form } }) => {
      const text = pseudo(key);
      return [key, form === 'plural' ? Object.fromEntries(categoriesOf(language).map((each) => [each, text])) : text];
    }),
  );
}

function pseudo(key: string): string {
  let length = 0;
  const parts = tokensOf(key).map((token) => {
    if (token.is === 'value') return `{${token.name}}`;
    if (token.is === 'open') return `<${token.element}>`;
    if (token.is === 'close') return `</${token.element}>`;
    if (token.is === 'empty') return `<${token.element}/>`;
    length += token.text.length;
    return token.text.replace(/[aeiou]/gi, (each) => ACCENTS[each] ?? each);
  });
  // Adds words of a usual length, so that lines break as they do in a translation.
  return parts.join('') + ' ~~~~'.repeat(Math.ceil((length * GROWTH) / 5));
}
