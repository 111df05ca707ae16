// Checks every Markdown document of the repository: links, commands, file names, JSON snippets, and
// the index of the decision records.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROFILES } from '#web/transport/device-profiles.ts';
import { policies, UDEV_FILE, udevRules } from '#web/ui/messages/station-setup.ts';
import { anchors, codeBlocks, inlineCode, linkTargets, readDocument } from './markdown.ts';

const DOCUMENTS = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const scripts = Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts);

/**
 * Folders that a build, npm or a test run creates. A document may name them even if they do not
 * exist yet.
 */
const GENERATED = /^(dist|node_modules|test-results)\//;
const FOLDERS = /^(docs|protocol|web|device-sim|device-host|as-service|build|test)\/[\w./-]*$/;

describe('the documents', () => {
  it('include the four documents of the root folder, and the licence', () => {
    for (const name of ['README', 'CONTRIBUTING', 'CHANGELOG', 'SECURITY']) expect(DOCUMENTS).toContain(`${name}.md`);
    expect(readDocument('LICENSE')).toContain('END OF TERMS AND CONDITIONS');
  });

  it.each(DOCUMENTS)('%s has no broken link', (path) => {
    const broken = linkTargets(readDocument(path))
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const found = file === '' ? path : join(dirname(path), file);
        if (!existsSync(found)) return true;
        return anchor !== undefined && !anchors(readDocument(found)).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  it.each(DOCUMENTS)('%s names only files and commands that exist', (path) => {
    const text = readDocument(path);
    const named = [...inlineCode(text), ...codeBlocks(text).flatMap((block) => block.split('\n'))];
    const files = inlineCode(text).filter((code) => FOLDERS.test(code) && !GENERATED.test(code) && !code.includes('<'));
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
    const commands = named.flatMap((code) => [...code.matchAll(/\bnpm run (\w+)/g)].map(([, name = '']) => name));
    expect(commands.filter((name) => !scripts.includes(name))).toEqual([]);
  });

  it.each(DOCUMENTS)('%s has well-formed JSON in its snippets', (path) => {
    for (const block of codeBlocks(readDocument(path), 'json')) expect(() => JSON.parse(block)).not.toThrow();
  });

  it.each(DOCUMENTS)('%s has no placeholder and no hidden comment', (path) => {
    expect(readDocument(path)).not.toMatch(/\b(TODO|FIXME|TBD|XXX)\b|<!--/);
  });
});

describe('docs/stations.md', () => {
  const text = readDocument('docs/stations.md');
  const ids = PROFILES.flatMap((profile) => profile.ids ?? []);

  it('has udev rules only for USB ids of a device profile', () => {
    const found = [...text.matchAll(/idVendor\}=="(\w{4})", ATTRS?\{idProduct\}=="(\w{4})"/g)];
    expect(found).toHaveLength(2);
    for (const [, vendor = '', product = ''] of found) {
      expect(ids).toContainEqual({ vendorId: Number.parseInt(vendor, 16), productId: Number.parseInt(product, 16) });
    }
  });

  it('has the rules and policies that the page shows', () => {
    const unit = { vendorId: 0x1209, productId: 0x0001 };
    expect(text).toContain(udevRules([unit]));
    expect(text).toContain(UDEV_FILE);
    const shown = codeBlocks(text, 'json').map((block) => JSON.parse(block));
    expect(shown).toContainEqual(JSON.parse(policies([unit], 'https://as.example.org')));
  });

  it('has browser policies only for the same ids, in decimal', () => {
    const found = [...text.matchAll(/"vendor_id": (\d+), "product_id": (\d+)/g)];
    expect(found.length).toBeGreaterThanOrEqual(2);
    for (const [, vendorId, productId] of found) {
      expect(ids).toContainEqual({ vendorId: Number(vendorId), productId: Number(productId) });
    }
  });
});

describe('the decision records', () => {
  const records = readdirSync('docs/adr')
    .filter((name) => /^\d{4}-.*\.md$/.test(name))
    .sort();

  it('are one sequence without a gap', () => {
    expect(records.map((name) => Number(name.slice(0, 4)))).toEqual(records.map((_, index) => index + 1));
  });

  it.each(records)('%s is in the index with its title', (name) => {
    const title =
      readDocument(`docs/adr/${name}`)
        .split('\n')[0]
        ?.replace(/^# \d{4}\. /, '') ?? '';
    expect(readDocument('docs/adr/README.md')).toContain(`| [${name.slice(0, 4)}](${name}) | ${title} |`);
  });

  it('are the only files beside the index', () => {
    expect(readdirSync('docs/adr').sort()).toEqual([...records, 'README.md']);
  });

  it.each(records)('%s has its number in the title, a status with a date, and three parts', (name) => {
    const text = readDocument(`docs/adr/${name}`);
    expect(text.split('\n')[0]).toMatch(new RegExp(`^# ${name.slice(0, 4)}\\. `));
    expect(text).toMatch(/\d{4}-\d{2}-\d{2}/);
    for (const part of ['Context', 'Decision', 'Consequence']) expect(text).toContain(part);
  });
});
