// Copies what a build needs to another folder. Links the files of node_modules, because copying
// takes long.
import { copyFileSync, cpSync, linkSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Sources and settings of all builds. */
const SOURCES = [
  ...['protocol', 'web', 'device-sim', 'as-service', 'build', 'docs'],
  ...['package.json', 'package-lock.json', 'tsconfig.base.json', 'vite.config.ts', 'LICENSE'],
];
/** Folders of node_modules that programs write to. */
const CACHES = ['.cache', '.vite', '.vite-temp'];

export function copyRepository(to: string): void {
  for (const path of SOURCES) cpSync(path, join(to, path), { recursive: true });
  linkFolder('node_modules', join(to, 'node_modules'));
}

function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (CACHES.includes(entry.name)) continue;
    if (entry.isDirectory()) linkFolder(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkFile(source, target);
  }
}

/** Copies the file if it cannot be linked, for example to another file system. */
function linkFile(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
