// Checks the imports of every source file against test/support/rooms.ts, which is the table of
// docs/overview.md as data. Every folder must be in the table.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  brokenArrows,
  fileCycles,
  folderCycles,
  hasTry,
  importsOf,
  readsClock,
  type SourceFile,
  saysAny,
  saysIdentifier,
  silencesCompiler,
  tooLong,
  unclearImports,
} from '#test/support/architecture.ts';
import { ROOMS } from '#test/support/rooms.ts';
import { writesDecimal, writesPlural } from '#test/support/sentence-rules.ts';
import { publicState, writesState } from '#test/support/state-rules.ts';

/**
 * protocol/commands has 17 files: one file per command, and some helpers. Every other folder has at
 * most 16.
 */
const MAX_FILES_IN_FOLDER = 18;

const NAVIGATOR = [
  'web/src/main.ts',
  'web/src/demo.ts',
  'web/src/choose-language.ts',
  'web/src/label.ts',
  'device-sim/setup/install.ts',
];
/** Files that compute the time of the AS from the clock of this computer (as-clock.svelte.ts). */
const CLOCK = ['web/src/main.ts', 'web/src/vault-worker/vault.worker.ts'];
const NODE_ROOMS = ['as-service/', 'device-host/', 'build/', 'test/'];

function read(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll('\\', '/'))
    .filter((path) => /\.(ts|svelte)$/.test(path))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

const files = ['protocol', 'device-sim', 'device-host', 'as-service', 'web/src', 'build', 'test'].flatMap(read);
const product = files.filter((file) => !file.path.startsWith('test/'));
const all = (rule: (file: SourceFile) => string[], of = files): string[] => of.flatMap(rule);

describe('the imports and rules of the source', () => {
  it('are read from every folder', () => {
    for (const folder of ['protocol/', 'device-sim/', 'as-service/', 'web/src/', 'test/']) {
      expect(
        files.some((file) => file.path.startsWith(folder)),
        folder,
      ).toBe(true);
    }
  });

  it('import only what the table of folders allows', () => {
    expect(all((file) => brokenArrows(ROOMS, file))).toEqual([]);
  });

  it('contain no cycle between files', () => {
    expect(fileCycles(product)).toEqual([]);
  });

  it('contain no cycle between folders', () => {
    expect(folderCycles(product)).toEqual([]);
  });

  it('leave no folder with too many files', () => {
    const counts = new Map<string, number>();
    for (const { path } of product) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > MAX_FILES_IN_FOLDER)).toEqual([]);
  });

  it('import no test from the product', () => {
    expect(all((file) => importsOf(file).filter((name) => /#test\/|\/test\//.test(name)), product)).toEqual([]);
  });

  it('name files with their extension, and other top folders by alias', () => {
    expect(all(unclearImports)).toEqual([]);
  });

  it('use noble in protocol/crypto only', () => {
    const outside = product.filter((file) => !file.path.startsWith('protocol/crypto/'));
    expect(all((file) => importsOf(file).filter((name) => name.startsWith('@noble/')), outside)).toEqual([]);
  });

  it('use Node in as-service, device-host, build and test only', () => {
    const outside = files.filter((file) => !NODE_ROOMS.some((room) => file.path.startsWith(room)));
    expect(all((file) => importsOf(file).filter((name) => name.startsWith('node:')), outside)).toEqual([]);
  });

  it('use navigator only where page and simulator are composed', () => {
    const outside = product.filter((file) => !NAVIGATOR.includes(file.path));
    expect(all((file) => saysIdentifier(file, 'navigator'), outside)).toEqual([]);
  });

  it('show and decide by the clock of the AS in the page', () => {
    const page = product.filter(({ path }) => path.startsWith('web/src/') && !CLOCK.includes(path));
    expect(all(readsClock, page)).toEqual([]);
    expect(files.filter(({ path }) => CLOCK.includes(path)).flatMap(readsClock)).toHaveLength(CLOCK.length);
  });

  it('run every transaction of the page through the repetition of aborted transactions', () => {
    const once = /database\.run\(|\.transact\(|\.transaction\(/;
    const found = product.filter(({ path, text }) => path.startsWith('web/src/') && once.test(text));
    expect(found.map(({ path }) => path).sort()).toEqual([
      'web/src/journal/connection.ts',
      'web/src/journal/database.ts',
      'web/src/state/help/self-test.ts', // shows what one try does
      'web/src/trust-store/read-only-trust.ts',
      'web/src/vault-store/vault-store.ts',
    ]);
  });

  it('use no try in a component', () => {
    expect(
      all(
        hasTry,
        product.filter((file) => file.path.endsWith('.svelte')),
      ),
    ).toEqual([]);
  });

  it('declare no state field that another file can write', () => {
    const state = product.filter(({ path }) => path.startsWith('web/src/state/'));
    expect(all(publicState, state)).toEqual([]);
  });

  it('write a state object in no component', () => {
    const components = product.filter(({ path }) => path.endsWith('.svelte'));
    expect(all(writesState, components)).toEqual([]);
  });

  it('open a network port only in as-service/bin/serve.ts, and a local socket only for the data folder', () => {
    const ports = /^(node:(http|https|http2|tls|dgram)|@hono\/node-server)$/;
    const ofTheFolder = ['as-service/storage/folder-lock.ts', 'as-service/cli/control.ts'];
    const opens = (file: SourceFile): string[] =>
      importsOf(file).filter((name) => ports.test(name) || (name === 'node:net' && !ofTheFolder.includes(file.path)));
    expect(
      all(
        opens,
        product.filter(({ path }) => path !== 'as-service/bin/serve.ts' && !path.startsWith('device-host/')),
      ),
    ).toEqual([]);
  });

  it('contain neither any nor a comment that silences the compiler', () => {
    expect(all(saysAny)).toEqual([]);
    expect(all(silencesCompiler, product)).toEqual([]);
  });

  it('write a count with its noun by counted(), so that it reads "1 unit" and "2 units"', () => {
    expect(all(writesPlural, product)).toEqual([]);
  });

  it('write the numbers of keys, slots, sets and ASs in hexadecimal', () => {
    const outside = product.filter(({ path }) => !path.startsWith('device-sim/'));
    expect(all(writesDecimal, outside)).toEqual([]);
  });

  it('keep every file within 400 lines', () => {
    expect(all((file) => tooLong(file, 400))).toEqual([]);
  });

  it('keep vite.config.ts within 100 lines (ADR 0047)', () => {
    const path = 'vite.config.ts';
    expect(tooLong({ path, text: readFileSync(path, 'utf8') }, 100)).toEqual([]);
  });
});

describe('the checker itself', () => {
  const broken = (path: string, text: string): number => brokenArrows(ROOMS, { path, text }).length;

  it('finds every form of import', () => {
    const text = [
      "import { a } from '#web/a.ts';",
      "import type { B } from '#web/b.ts';",
      "import '#web/c.ts';",
      "export { d } from '#web/d.ts';",
      "export type * from '#web/e.ts';",
      "const f = await import('#web/f.ts');",
      "type G = import('#web/g.ts').G;",
      `new Worker(new ${'URL'}('../h.ts', import.meta.url));`,
      "// import '#web/comment.ts';",
    ].join('\n');
    expect(importsOf({ path: 'protocol/x.ts', text }).map((name) => name.replace(/^.*\//, ''))).toEqual(
      expect.arrayContaining(['a.ts', 'b.ts', 'c.ts', 'd.ts', 'e.ts', 'f.ts', 'h.ts']),
    );
    expect(broken('protocol/tkl/x.ts', text)).toBeGreaterThanOrEqual(7);
    expect(importsOf({ path: 'protocol/x.ts', text })).not.toContain('#web/comment.ts');
  });

  it.each([
    ['protocol/bytes/x.ts', "import { tkl } from '../tkl/data.ts';"],
    ['protocol/tkl/x.ts', "import { cmac } from '@noble/ciphers/_cmac.js';"],
    ['protocol/commands/x.ts', "import type { Step } from '../provisioning/step.ts';"],
    ['protocol/framing/x.ts', "import { usb } from '#web/transport/usb-port.ts';"],
    ['device-sim/ei/x.ts', "import { importKey } from '#protocol/commands/import-key.ts';"],
    ['device-sim/ei/x.ts', "import { provision } from '#protocol/provisioning/provision.ts';"],
    ['device-sim/unit/x.ts', "import type { EiConfiguration } from '../ei/configuration.ts';"],
    ['device-sim/elsewhere/x.ts', ''],
    ['device-host/gadget/x.ts', "import { VHCI } from '../usbip/attach.ts';"],
    ['as-service/api/app.ts', "import { Ei } from '#device-sim/ei/ei.ts';"],
    ['as-service/sets/x.ts', "import type { As } from '../service/as.ts';"],
    ['as-service/cli/x.ts', "import { vaultReturn } from '../api/schemas/vaults.ts';"],
    ['as-service/elsewhere/x.ts', ''],
    ['web/src/ui/Unit.svelte', "<script>\nimport { concat } from '#protocol/bytes/bytes.ts';\n</script>"],
    ['web/src/journal/journal.ts', "import { RemoteAs } from '../source/remote-as.ts';"],
    ['web/src/main.ts', "import { install } from '#device-sim/setup/install.ts';"],
    ['web/src/elsewhere/x.ts', ''],
  ])('refuses in %s: %s', (path, text) => {
    expect(broken(path, text)).toBe(1);
  });

  it.each([
    ['protocol/crypto/x.ts', "import { sha256 } from '@noble/hashes/sha2.js';"],
    ['protocol/provisioning/x.ts', "import { importKey } from '../commands/import-key.ts';"],
    ['web/src/ui/Unit.svelte', "<script>\nimport { Unit } from '../state/unit.svelte.ts';\n</script>"],
    ['web/src/demo.ts', "import { install } from '#device-sim/setup/install.ts';"],
    ['as-service/bin/serve.ts', "import { serve } from '@hono/node-server';"],
  ])('accepts in %s: %s', (path, text) => {
    expect(broken(path, text)).toBe(0);
  });

  it.each([
    '`{count} unit(s)`',
    '`{record.lastNumber} entries were returned`',
    '<p>{grouped(match.count)} units end with it</p>',
    '<strong>{tries}</strong> tries left',
  ])('refuses %s', (text) => {
    expect(writesPlural({ path: 'web/src/ui/X.svelte', text })).toHaveLength(1);
  });

  it.each([
    "`{counted(count, 'unit')}`",
    '`at most {MAX_UNITS} units`',
    "{count === 1 ? 'The unit is done.' : `All {count} units are done.`}",
    'import { units } from "./units.ts";',
  ])('accepts %s', (text) => {
    expect(writesPlural({ path: 'web/src/ui/X.svelte', text })).toEqual([]);
  });

  it('finds a number of a key, slot, set or AS in decimal', () => {
    const finds = (text: string): number => writesDecimal({ path: 'protocol/x.ts', text }).length;
    expect(
      ['`REF1 {entry.ref1} is`', '`slot {ref2}`', '`Set {unit.set} has`', '`vault {asNumber}`'].map(finds),
    ).toEqual([1, 1, 1, 1]);
    expect(['`REF1 {hexNumber(ref1, 4)}`', '`slot {slotNumber(slot)}`', '`vault {id}`'].map(finds)).toEqual([0, 0, 0]);
  });

  it('finds cycles between files and between folders, also of types', () => {
    const file = (path: string, ...imports: string[]) => ({
      path,
      text: imports.map((name) => `import type { X } from '${name}';`).join('\n'),
    });
    const ring = [
      file('web/src/a/a.ts', '../b/b.ts'),
      file('web/src/b/b.ts', '#web/a/a.ts'),
      file('web/src/c.ts', './a/a.ts'),
    ];
    expect(fileCycles(ring)).toEqual(['a cycle of imports: web/src/a/a.ts, web/src/b/b.ts']);
    expect(folderCycles(ring)).toEqual(['a cycle of imports: web/src/a, web/src/b']);
    const folders = [
      file('web/src/a/a.ts', '../b/b.ts'),
      file('web/src/b/b.ts'),
      file('web/src/b/c.ts', '../a/d.ts'),
      file('web/src/a/d.ts'),
    ];
    expect(fileCycles(folders)).toEqual([]);
    expect(folderCycles(folders)).toEqual(['a cycle of imports: web/src/a, web/src/b']);
    expect(folderCycles(ring.slice(1))).toEqual([]);
  });

  it('finds navigator in code and in markup, not in text', () => {
    const seen = (path: string, text: string): number => saysIdentifier({ path, text }, 'navigator').length;
    expect(seen('a.ts', 'const usb = navigator.usb;')).toBe(1);
    expect(seen('a.ts', 'const usb = globalThis.navigator.usb;')).toBe(1);
    expect(seen('a.svelte', '<script lang="ts">\nlet a = 1;\n</script>\n{#if navigator.usb}<p>{a}</p>{/if}')).toBe(1);
    expect(seen('a.ts', "// navigator\nconst word = 'navigator';")).toBe(0);
    expect(seen('a.svelte', '<!-- navigator --><p>navigator</p>')).toBe(0);
  });

  it('finds a read of the clock of this computer, in code and in markup', () => {
    const reads = (text: string, path = 'a.ts'): number => readsClock({ path, text }).length;
    for (const text of ['new Date()', 'new Date', 'Date()', 'Date.now()', 'const now = Date.now']) {
      expect(reads(`let a = 1; ${text};`)).toBe(1);
    }
    expect(reads('<p>{day(until, new Date())}</p>', 'a.svelte')).toBe(1);
    expect(reads('new Date(iso); Date.parse(iso); asClock.now(); // new Date()')).toBe(0);
  });

  it('finds public state, and components that write state objects', () => {
    const state = (text: string): number => publicState({ path: 'a.svelte.ts', text }).length;
    expect(state('class A { count = $state(0); }')).toBe(1);
    expect(state('class A { rows = $state.raw() as string[]; }')).toBe(1);
    expect(state('class A { #count = $state(0); readonly busy = $derived(this.#count > 0); }')).toBe(0);
    const written = (script: string, markup = ''): number =>
      writesState({ path: 'A.svelte', text: `<script lang="ts">\n${script}\n</script>\n${markup}` }).length;
    expect(written('const { order } = $props(); order.open = true;')).toBe(1);
    expect(written('const { station } = appContext(); const lane = $derived(station.lanes[0]); lane!.count++;')).toBe(
      1,
    );
    expect(written('const history = new History();', '<input bind:value={history.search} />')).toBe(1);
    expect(
      written(
        'const { lanes } = $props();',
        '{#each lanes as lane}{@const unit = lane.unit}<p onclick={() => (unit.on = 1)}></p>{/each}',
      ),
    ).toBe(1);
    expect(
      written(
        "let text = $state(''); let field = $state.raw<HTMLElement>(); field!.hidden = true;",
        '<input bind:value={text} />',
      ),
    ).toBe(0);
    expect(written('const { order } = $props(); order.open(); const open = order.open;')).toBe(0);
  });

  it('finds any, try, silencing comments, long files and unclear imports', () => {
    expect(saysAny({ path: 'a.ts', text: 'let a: any;' })).toHaveLength(1);
    expect(saysAny({ path: 'a.ts', text: "// any\nlet a = 'any';" })).toEqual([]);
    expect(hasTry({ path: 'a.svelte', text: '<script>\ntry { f(); } catch {}\n</script>' })).toHaveLength(1);
    expect(hasTry({ path: 'a.svelte', text: '<p>try</p>' })).toEqual([]);
    expect(silencesCompiler({ path: 'a.ts', text: `// @ts-${'ignore'}` })).toHaveLength(1);
    expect(tooLong({ path: 'a.ts', text: '\n'.repeat(401) }, 400)).toHaveLength(1);
    expect(tooLong({ path: 'a.ts', text: '\n'.repeat(400) }, 400)).toEqual([]);
    expect(unclearImports({ path: 'web/src/a.ts', text: "import '../../protocol/errors.ts';" })).toHaveLength(1);
    expect(unclearImports({ path: 'web/src/a.ts', text: "import './b';" })).toHaveLength(1);
    expect(unclearImports({ path: 'web/src/a.ts', text: "import './b.ts';" })).toEqual([]);
  });
});
