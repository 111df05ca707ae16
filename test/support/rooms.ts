// The table of docs/overview.md as data: the folders that each folder may import.
// test/architecture.test.ts checks every source file against it.
import type { Room } from './architecture.ts';

const NODE = /^node:/;
const SVELTE = /^svelte(\/|$)/;

const inProtocol = (...folders: readonly string[]): string[] => folders.map((folder) => `protocol/${folder}/`);

/** Every folder may import these files. */
const BASE = [...inProtocol('async', 'bytes'), 'protocol/errors.ts'];

/** The folders of protocol. `may` lists exactly the folders that the folder imports. */
const PROTOCOL: readonly Room[] = [
  { room: 'protocol/bytes/', may: [] },
  { room: 'protocol/errors.ts', may: ['protocol/bytes/hex.ts'] },
  { room: 'protocol/async/', may: [] },
  {
    room: 'protocol/crypto/',
    may: [...inProtocol('bytes'), 'protocol/errors.ts'],
    packages: [/^@noble\/(ciphers|hashes|curves)\//],
  },
  { room: 'protocol/tkl/', may: [...inProtocol('bytes', 'crypto'), 'protocol/errors.ts'] },
  { room: 'protocol/apdu/', may: [...inProtocol('bytes'), 'protocol/errors.ts'] },
  { room: 'protocol/framing/', may: [...inProtocol('bytes', 'apdu'), 'protocol/errors.ts'] },
  { room: 'protocol/commands/', may: [...inProtocol('bytes', 'apdu', 'tkl'), 'protocol/errors.ts'] },
  { room: 'protocol/as-unit/', may: [...inProtocol('async', 'bytes', 'crypto', 'tkl'), 'protocol/errors.ts'] },
  { room: 'protocol/signing/', may: [...inProtocol('bytes', 'crypto'), 'protocol/errors.ts'] },
  { room: 'protocol/log/', may: [...inProtocol('bytes', 'crypto', 'signing'), 'protocol/errors.ts'] },
  { room: 'protocol/json/', may: [...inProtocol('bytes', 'text'), 'protocol/errors.ts'], packages: ['valibot'] },
  { room: 'protocol/text/', may: [...inProtocol('bytes'), 'protocol/errors.ts'] },
  { room: 'protocol/demo/', may: inProtocol('bytes', 'tkl') },
  {
    room: 'protocol/service/',
    may: [...inProtocol('bytes', 'tkl', 'json', 'signing'), 'protocol/errors.ts'],
    packages: ['valibot'],
  },
  {
    room: 'protocol/site/',
    may: [...inProtocol('bytes', 'crypto', 'framing', 'json', 'signing', 'service'), 'protocol/errors.ts'],
    packages: ['valibot'],
  },
  { room: 'protocol/support/', may: [...inProtocol('json'), 'protocol/errors.ts'], packages: ['valibot'] },
  {
    room: 'protocol/release/',
    may: [...inProtocol('bytes', 'text', 'crypto', 'json', 'signing'), 'protocol/errors.ts'],
    packages: ['valibot'],
  },
  {
    room: 'protocol/orders/',
    may: [...inProtocol('bytes', 'text', 'crypto', 'tkl', 'json', 'signing', 'log', 'service'), 'protocol/errors.ts'],
    packages: ['valibot'],
  },
  {
    room: 'protocol/vault/',
    may: [
      ...inProtocol('bytes', 'text', 'crypto', 'tkl', 'json', 'signing', 'as-unit', 'service'),
      'protocol/errors.ts',
    ],
    packages: ['valibot'],
  },
  {
    room: 'protocol/provisioning/',
    may: [...inProtocol('bytes', 'crypto', 'tkl', 'apdu', 'commands'), 'protocol/errors.ts'],
  },
];

/**
 * No folder of device-sim imports protocol/commands or protocol/provisioning: the unit implements
 * the command bytes from the specification. device-host offers the units to a real kernel (usbip)
 * or a simulated one (umockdev).
 */
const DEVICES: readonly Room[] = [
  { room: 'device-sim/unit/', may: [...BASE, ...inProtocol('crypto', 'apdu', 'framing')] },
  { room: 'device-sim/ei/', may: ['device-sim/unit/', ...BASE, ...inProtocol('crypto', 'tkl')] },
  { room: 'device-sim/as-token/', may: ['device-sim/unit/', ...BASE, ...inProtocol('crypto', 'tkl', 'as-unit')] },
  { room: 'device-sim/browser/', may: ['device-sim/unit/', ...BASE] },
  { room: 'device-sim/setup/', may: ['device-sim/', ...BASE, ...inProtocol('crypto', 'tkl', 'demo')] },
  { room: 'device-host/gadget/', may: ['device-sim/unit/', 'device-sim/browser/', ...BASE, ...inProtocol('framing')] },
  {
    room: 'device-host/usbip/',
    may: ['device-host/gadget/', 'device-sim/unit/', 'device-sim/browser/', ...BASE],
    packages: [NODE],
  },
  { room: 'device-host/umockdev/testbed/', may: [...BASE], packages: [NODE] },
  ...['tty', 'usb'].map((folder) => ({
    room: `device-host/umockdev/${folder}/`,
    may: ['device-host/umockdev/testbed/', 'device-host/gadget/', 'device-sim/', ...BASE],
    packages: [NODE],
  })),
  {
    room: 'device-host/umockdev/',
    may: ['device-host/gadget/', 'device-sim/', ...BASE],
    packages: [NODE],
  },
  { room: 'device-host/', may: ['device-sim/', ...BASE, ...inProtocol('apdu', 'demo')], packages: [NODE] },
];

/** The folders of as-service. A folder may import only folders of earlier rows (ADR 0044). */
const AS_SERVICE = [
  ['common'],
  ['storage'],
  ['audit-log'],
  ['signing'],
  ['sets'],
  ['operators'],
  ['ledger'],
  ['vaults'],
  ['orders'],
  ['exports'],
  ['service'],
  ['http'],
  ['site', 'release', 'log-files'],
  ['cli', 'api'],
  ['bin'],
];

/** The folders of web/src except ui and app. A folder may import only folders of earlier rows. */
const WEB = [
  ['text'],
  ['browser', 'transport', 'as-client', 'journal'],
  ['trust-store', 'vault-store'],
  ['vault-worker'],
  ['state/common'],
  ['state/session', 'state/page', 'state/report', 'state/label'],
  ['state/station'],
  ['state/order-list', 'state/tokens', 'state/history', 'state/demo', 'state/help'],
  ['state/orders'],
  ['state/order-board'],
];
const WEB_PACKAGES: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  browser: ['qr/decode.js'],
  journal: ['idb'],
  'vault-store': ['idb'],
  'vault-worker': ['hash-wasm'],
};

/** Returns one room per folder. A room may import the folders of earlier rows and `base`. */
function inOrder(
  top: string,
  rows: readonly (readonly string[])[],
  base: readonly string[],
  packages: (folder: string) => readonly (string | RegExp)[],
): Room[] {
  const paths = rows.map((row) => row.map((folder) => `${top}/${folder}/`));
  return rows.flatMap((row, index) =>
    row.map((folder) => ({
      room: `${top}/${folder}/`,
      may: [...base, ...paths.slice(0, index).flat()],
      packages: packages(folder),
    })),
  );
}

export const ROOMS: readonly Room[] = [
  ...PROTOCOL,

  ...DEVICES,

  ...inOrder(
    'as-service',
    AS_SERVICE,
    [
      ...BASE,
      ...inProtocol(
        'text',
        'crypto',
        'tkl',
        'signing',
        'log',
        'json',
        'as-unit',
        'demo',
        'service',
        'orders',
        'vault',
        'site',
        'release',
      ),
    ],
    () => [NODE, /^hono(\/|$)/, 'valibot', '@valibot/to-json-schema'],
  ),
  { room: 'as-service/bin/serve.ts', may: ['as-service/', 'protocol/'], packages: [NODE, '@hono/node-server'] },

  ...inOrder('web/src', WEB, ['protocol/'], (folder) =>
    folder.startsWith('state/') ? [SVELTE] : (WEB_PACKAGES[folder] ?? []),
  ),
  { room: 'web/src/app/', may: [...WEB.flat().map((folder) => `web/src/${folder}/`), 'protocol/'] },
  {
    room: 'web/src/ui/',
    may: [
      'web/src/text/',
      'web/src/state/',
      'web/src/transport/platform.ts',
      'protocol/bytes/hex.ts',
      'protocol/text/counted.ts',
      'protocol/orders/label.ts',
      'protocol/site/device-policies.ts',
    ],
    packages: [SVELTE],
  },
  { room: 'web/src/main.ts', may: ['web/src/'], packages: ['svelte'] },
  { room: 'web/src/choose-language.ts', may: ['web/src/text/', 'web/src/app/storage.ts'] },
  { room: 'web/src/verify.ts', may: ['web/src/'], packages: ['svelte'] },
  { room: 'web/src/label.ts', may: ['web/src/'], packages: ['svelte'] },
  { room: 'web/src/demo.ts', may: ['web/src/', 'device-sim/', 'protocol/'], packages: ['svelte'] },

  { room: 'build/', may: ['build/languages/'], packages: [NODE, 'vite', 'marked'] },
  { room: 'build/languages/', may: [], packages: [NODE, 'vite', 'svelte/compiler'] },
  {
    room: 'build/release/',
    may: ['build/', ...inProtocol('bytes', 'text', 'signing', 'release')],
    packages: [NODE, 'vite'],
  },
  {
    room: 'test/',
    may: ['protocol/', 'device-sim/', 'device-host/', 'as-service/', 'web/src/', 'build/'],
    packages: [/^[^.#]/],
  },
];
