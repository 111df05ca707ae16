// Replaces the messages of a source file by their translations.
import { type Catalog, type Forms, translationOf } from './catalog.ts';
import { findMessages } from './find-messages.ts';
import type { Message } from './message.ts';
import { type Token, tokensOf } from './pattern.ts';
import { Edits } from './syntax.ts';

/** A call of the tag `t`. A file without one has no message in its scripts. */
const TAG = /\bt\s*`/;

/**
 * Returns the source in a language. Without a catalogue, the source is that of the English page: only
 * the tags are removed. A message without a translation remains English.
 */
export function translate(source: string, path: string, catalog: Catalog | undefined): string {
  if (!TAG.test(source) && (catalog === undefined || path.endsWith('.ts'))) return source;
  const edits = new Edits(source);
  for (const message of findMessages(source, path)) {
    const translation = catalog && translationOf(catalog, { message, path });
    if (translation === undefined) for (const tag of message.tags) edits.replace(tag.start, tag.end, '');
    else edits.replace(message.start, message.end, write(message, translation, edits));
  }
  return edits.slice();
}

function write(message: Message, translation: string | Forms, edits: Edits): string {
  if (typeof translation === 'object') {
    const forms = Object.entries(translation).filter(([, form]) => form !== '');
    return `{ ${forms.map(([category, form]) => `${category}: ${writeTemplate(message, form, edits)}`).join(', ')} }`;
  }
  if (message.form === 'template') return writeTemplate(message, translation, edits);
  const text = tokensOf(translation).map((token) => writeMarkup(token, message, edits));
  return message.form === 'attribute' ? `${message.attribute}="${text.join('')}"` : text.join('');
}

function writeTemplate({ values }: Message, pattern: string, edits: Edits): string {
  const parts = tokensOf(pattern).map((token) => {
    if (token.is === 'text') return token.text.replace(/[\\`]|\$(?=\{)/g, '\\$&');
    const value = token.is === 'value' ? values.get(token.name) : undefined;
    if (!value) throw new Error(`the translation has a placeholder that the message has not: ${pattern}`);
    return `\${${edits.slice(value.start, value.end)}}`;
  });
  return `\`${parts.join('')}\``;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '{': '&#123;',
  '}': '&#125;',
};

function writeMarkup(token: Token, { values, elements, form, key }: Message, edits: Edits): string {
  if (token.is === 'text') {
    const special = form === 'attribute' ? /[&<>"{}]/g : /[&<>{}]/g;
    return token.text.replace(special, (each) => ENTITIES[each] ?? each);
  }
  if (token.is === 'value') {
    const value = values.get(token.name);
    if (!value) throw new Error(`the translation of this message has an unknown placeholder: ${key}`);
    return `{${edits.slice(value.start, value.end)}}`;
  }
  const element = elements.get(token.element);
  const tag = token.is === 'close' ? element?.close : element?.open;
  if (!tag) throw new Error(`the translation of this message has an unknown element: ${key}`);
  return edits.slice(tag.start, tag.end);
}
