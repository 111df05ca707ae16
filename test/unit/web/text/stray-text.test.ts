// Every text that the operator reads in web/src/ui, web/src/state and the demo is a message, so that
// the build of a language can replace it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceFile } from '#test/support/architecture.ts';
import { strayTexts } from '#test/support/stray-text.ts';

const UI = 'web/src/ui';
const STATE = 'web/src/state';

/** Texts that are the same in every language, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Names of products.
  [`${UI}/help/finding-words.ts`]: ['Windows', 'Linux', 'ChromeOS', 'Android'],
  [`${UI}/station/Lanes.svelte`]: ['Keyferry', 'Keyferry'],
  // Commands of the protocol, their parameters, and names of instructions.
  [`${STATE}/help/hand-command.ts`]: ['80 CA 00 00 [Le]', '80 84 00 suite [Le]', '80 CB REF2 [Le]', '80 CE 00 00'],
  [`${UI}/console/hand-command-words.ts`]: [
    'SELECT, GET IDENTITY, GET CHALLENGE, GET RECEIPT, IDENTIFY, GET RESPONSE',
    '80 CA 00 00 00',
    'Le',
  ],
  // Commands, and lines of files that a system reads.
  [`${UI}/messages/platform-advice.ts`]: ['sudo usermod -aG dialout $USER'],
  [`${UI}/messages/station-setup.ts`]: [
    'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=={}, ATTR{idProduct}=={}, TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"',
    'SUBSYSTEM=="tty", ATTRS{idVendor}=={}, ATTRS{idProduct}=={}, TAG+="uaccess", ENV{ID_MM_PORT_IGNORE}="1"',
    '# WebUSB',
    '# Web Serial',
  ],
  // Printed on a label, as in the report.
  [`${UI}/labels/LabelSheet.svelte`]: ['KCV {}'],
  // The alphabet of a QR code.
  [`${UI}/sign-in/qr-code.ts`]: ['0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'],
  // The symbol of the transport key.
  [`${UI}/station/SlotTable.svelte`]: ['T', 'T'],
  [`${STATE}/page/preferences.svelte.ts`]: ['Keyferry', 'Keyferry'],
  [`${STATE}/help/browser.ts`]: ['Edge', 'Opera', 'Firefox', 'Chrome', 'Safari', 'other browser'],
  [`${STATE}/help/self-test.ts`]: ['Ed25519'],
  // Records, which an auditor reads in English whatever language the station has.
  [`${STATE}/orders/list-exchange.svelte.ts`]: ['At another station'],
  [`${STATE}/orders/order-rules.ts`]: [
    'ask the operator',
    'The station stopped during the previous attempt',
    'The unit refused the previous attempt with status word {}',
    'The previous attempt was not completed',
    'The unit was unplugged during the previous attempt',
    'The unit did not store the key of the previous attempt',
  ],
  // Names and details for developers.
  [`${STATE}/help/support-file.ts`]: ['CHANGE REFERENCE DATA'],
  [`${STATE}/order-list/stored-order.ts`]: ['the order'],
  [`${STATE}/tokens/card-session.svelte.ts`]: ['card {}-{}'],
  [`${STATE}/tokens/vaults.svelte.ts`]: ['vault {}'],
  // Faults of the simulator, a browser and a server that the demo imitates.
  [`${STATE}/demo/demo-bench.svelte.ts`]: ['Access to the feature is disallowed by policy.', 'SecurityError'],
  [`${STATE}/demo/replay-script.ts`]: ['last byte', 'last byte', 'altered answer'],
  [`${STATE}/demo/service-fault.ts`]: ['Bad gateway', '<!doctype html>'],
  'web/src/demo.ts': ['late answer', 'other content', 'access denied'],
};

/** Reads a file, or all files of a folder. */
function read(path: string): SourceFile[] {
  if (path.endsWith('.ts')) return [{ path, text: readFileSync(path, 'utf8') }];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll('\\', '/'))
    .map((name) => ({ path: name, text: readFileSync(name, 'utf8') }));
}

const textsIn = (path: string, text: string): string[] => [...strayTexts({ path, text })];

it('every text of the page is a message', () => {
  const files = [UI, STATE, 'web/src/demo.ts'].flatMap(read);
  expect(files.length).toBeGreaterThan(200);
  const stray = files.flatMap((file) => {
    const texts = strayTexts(file);
    return texts.length > 0 ? [[file.path, texts] as const] : [];
  });
  expect(Object.fromEntries(stray)).toEqual(EXCEPTIONS);
});

it('every reason for refusing a file, a list or a text is a message', () => {
  const file = /new FileError\(\s*['"`]/;
  const row = /\bwhy(?::| =) ['"`]|\bwhole\(\w+, ['"`]/;
  const stray = [
    ...['protocol', STATE].flatMap(read).filter(({ text }) => file.test(text)),
    ...read('protocol').filter(({ text }) => row.test(text)),
  ];
  // Only the command line and the service read order ids.
  expect(stray.map(({ path }) => path)).toEqual(['protocol/text/order-id.ts']);
  expect(file.test("throw new FileError('This file is too long.', t`Choose another file`)")).toBe(true);
  expect(row.test("throw whole(row, 'a quoted cell is not closed')")).toBe(true);
});

describe('a text that is not a message is found', () => {
  it.each([
    ['in a script', 'x.ts', "export const title = 'Unplug the unit';", 'Unplug the unit'],
    ['inside a message', 'x.ts', `export const x = t\`Turn \${isOn ? 'sound off' : ''}\`;`, 'sound off'],
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
    [
      'in the reason of a refused file',
      'x.ts',
      "throw new FileError('This file is too long.', t`Choose another file`);",
      'This file is too long.',
    ],
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
