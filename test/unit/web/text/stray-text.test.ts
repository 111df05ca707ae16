// Every text that the operator reads in web/src/ui is a message, so that the build of a language can
// replace it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceFile } from '#test/support/architecture.ts';
import { strayTexts } from '#test/support/stray-text.ts';

const UI = 'web/src/ui';

/** Texts that are the same in every language, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Names of products.
  [`${UI}/help/finding-words.ts`]: ['Windows', 'Linux', 'ChromeOS', 'Android'],
  [`${UI}/station/Lanes.svelte`]: ['Keyferry', 'Keyferry'],
  // Lines of files that a system reads.
  [`${UI}/messages/station-setup.ts`]: [
    'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=={}, ATTR{idProduct}=={}, TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"',
    'SUBSYSTEM=="tty", ATTRS{idVendor}=={}, ATTRS{idProduct}=={}, TAG+="uaccess", ENV{ID_MM_PORT_IGNORE}="1"',
    '# WebUSB',
    '# Web Serial',
  ],
  // The alphabet of a QR code.
  [`${UI}/sign-in/qr-code.ts`]: ['0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'],
  // The symbol of the transport key.
  [`${UI}/station/SlotTable.svelte`]: ['T', 'T'],
};

function read(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll('\\', '/'))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

const textsIn = (path: string, text: string): string[] => strayTexts({ path, text }).map((stray) => stray.text);

it('every text of web/src/ui is a message', () => {
  const files = read(UI);
  expect(files.length).toBeGreaterThan(100);
  const stray = files.flatMap((file) => {
    const texts = strayTexts(file).map((each) => each.text);
    return texts.length > 0 ? [[file.path, texts] as const] : [];
  });
  expect(Object.fromEntries(stray)).toEqual(EXCEPTIONS);
});

describe('a text that is not a message is found', () => {
  it.each([
    ['in a script', 'x.ts', "export const title = 'Unplug the unit';", 'Unplug the unit'],
    ['in an object', 'x.ts', "export const WORDS = { done: 'Done' };", 'Done'],
    ['with a value', 'x.ts', `export const left = (n: number) => \`\${n} keys left\`;`, '{} keys left'],
    ['around a message', 'x.ts', `import { t } from 't';\nexport const x = \`Press \${t\`Load again\`}\`;`, 'Press {}'],
    [
      'in the script of a component',
      'x.svelte',
      '<script lang="ts">const label = \'Load key\';</script>{label}',
      'Load key',
    ],
    ['in an expression of the markup', 'x.svelte', "<p>{isOn ? 'off' : ''}</p>", 'off'],
    ['in an expression of an attribute', 'x.svelte', "<p title={isOn ? 'Turn off' : ''}></p>", 'Turn off'],
    ['in a prop of a component', 'x.svelte', '<Panel title="Release" />', 'Release'],
    ['in a prop with a value', 'x.svelte', '<Panel title="Vault {number}" />', 'Vault {}'],
  ])('%s', (_, path, source, found) => {
    expect(textsIn(path, source)).toEqual([found]);
  });
});

describe('not found is', () => {
  it.each([
    ['a message', 'x.ts', "import { t } from 't';\nexport const title = t`Unplug the unit`;"],
    ['a name in a comparison', 'x.ts', "export const isKnown = (name: string) => name === 'Data key';"],
    ['the address of an import', 'x.ts', "import x from './Some thing.svelte';\nexport default x;"],
    ['the text of a bug', 'x.ts', "export function f(): never { throw new TypeError('the page has no app'); }"],
    ['the text of the markup', 'x.svelte', '<p title="Unplug">Unplug the unit</p>'],
    ['a class', 'x.svelte', '<Panel class="Wide panel" />'],
  ])('%s', (_, path, source) => {
    expect(textsIn(path, source)).toEqual([]);
  });
});
