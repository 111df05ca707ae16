// Finds all messages of the page.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlacedMessage } from './catalog.ts';
import { findMessages } from './find-messages.ts';
import { MANIFEST, manifestMessages } from './manifest.ts';

/** Matches the paths of the source files that have messages. */
export const HAS_MESSAGES = /(^|\/)(web\/(src\/.+\.(ts|svelte)|[^/]+\.html)|protocol\/.+\.ts)$/;

/**
 * Returns the messages of the page. They are in the HTML pages of web, in the scripts and
 * components below web/src, and in the web app manifest. protocol has messages too: the reasons for
 * refusing a file.
 */
export function readMessages(root: string): readonly PlacedMessage[] {
  const inSources = ['web', 'protocol']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
    )
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => HAS_MESSAGES.test(path))
    .sort()
    .flatMap((path) =>
      findMessages(readFileSync(join(root, path), 'utf8'), path).map((message) => ({ message, path })),
    );
  return [...inSources, ...manifestMessages(readFileSync(join(root, MANIFEST), 'utf8'))];
}
