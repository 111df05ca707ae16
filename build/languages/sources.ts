// Finds all messages of the page.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlacedMessage } from './catalog.ts';
import { findMessages } from './find-messages.ts';

/** Returns the messages of the scripts and components below web/src, and of the HTML pages of web. */
export function readMessages(root: string): readonly PlacedMessage[] {
  const pages = readdirSync(join(root, 'web')).filter((name) => name.endsWith('.html'));
  const sources = readdirSync(join(root, 'web/src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|svelte)$/.test(name))
    .map((name) => `src/${name.replaceAll('\\', '/')}`);
  return [...pages, ...sources.sort()].flatMap((name) => {
    const path = `web/${name}`;
    return findMessages(readFileSync(join(root, path), 'utf8'), path).map((message) => ({ message, path }));
  });
}
