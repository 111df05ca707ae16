// The page shows its own texts, in its language. It shows no sentence of the AS, none of an error, and
// none that a worker makes, because workers are built once for all languages.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { findMessages } from '#build/languages/find-messages.ts';
import * as orders from '#protocol/orders/messages.ts';
import * as service from '#protocol/service/messages.ts';
import * as problem from '#protocol/service/problem.ts';
import * as vaults from '#protocol/vault/messages.ts';
import { importsOf } from '#test/support/architecture.ts';

/** A sentence and a short text of a person. A code or a number accepts neither. */
const SENTENCES = ['The vault made 3 exports.', 'Field key'];

/** The parts of a schema that this test reads. */
interface Part {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Part>>;
  readonly wrapped?: Part;
  readonly item?: Part;
  readonly value?: Part;
  readonly options?: readonly Part[];
  readonly pipe?: readonly Part[];
}

/** Returns the paths of a schema at which a sentence is accepted. */
function freeTexts(schema: Part, path: string): readonly string[] {
  const inside: readonly (readonly [Part | undefined, string])[] = [
    ...Object.entries(schema.entries ?? {}).map(([name, part]) => [part, `${path}.${name}`] as const),
    ...[schema.wrapped, schema.item, schema.value, ...(schema.options ?? []), ...(schema.pipe ?? [])].map(
      (part) => [part, path] as const,
    ),
  ];
  const parts = inside.filter(([part]) => isSchema(part));
  const accepts = (text: string): boolean => v.safeParse(schema as unknown as v.GenericSchema, text).success;
  if (parts.length === 0) return SENTENCES.some(accepts) ? [path] : [];
  return parts.flatMap(([part, at]) => (isSchema(part) ? freeTexts(part, at) : []));
}

const isSchema = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && (value as { readonly kind?: unknown }).kind === 'schema';

/** Members of answers that accept a sentence, with the reason why the page may show them, or does not. */
const FREE_TEXTS: Readonly<Record<string, string>> = {
  actor: 'name of a person, in the audit log, which the page does not show',
  custodian: 'name of a person',
  detail: 'of a problem, not shown: the page has the words for its code',
  details: 'of the audit log, not shown',
  event: 'of the audit log, not shown',
  file: 'a vault file, stored unchanged',
  kind: 'code of a finding, which the page replaces by its own words',
  label: 'name that the administrator gave a key',
  name: 'name that the administrator gave a set or the AS',
  operator: 'name of a person',
  passphrase: 'words to be typed',
  reason: 'written by a person',
  title: 'of a work order: written by a person; of a problem: not shown',
  words: 'of a finding, shown only for a kind that the page does not have',
  workOrder: 'id that a person chose',
};

it('a text in an answer of the AS is a code, a text of a person, or not shown', () => {
  const found = Object.entries({ ...service, ...orders, ...vaults, ...problem }).flatMap(([name, value]) =>
    isSchema(value) ? freeTexts(value, name) : [],
  );
  expect(found).toContain('vaultReportSchema.findings.words');
  expect([...new Set(found.map((path) => path.split('.').at(-1)))].sort()).toEqual(Object.keys(FREE_TEXTS));
});

const filesIn = (folder: string): readonly { readonly path: string; readonly text: string }[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|svelte)$/.test(name))
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

it('the texts of errors, problems and findings are read in two places', () => {
  const ofError =
    /\b(?:error|cause|problem|refusal)\??\.(?:message|detail|title|remedy)\b|\bfindings?\??\.words\b|\bwords\b.*: VaultFindingJson/;
  const found = ['web/src/ui', 'web/src/state'].flatMap(filesIn).filter(({ text }) => ofError.test(text));
  expect(found.map(({ path }) => path)).toEqual([
    // For a finding of a newer AS.
    'web/src/ui/tokens/finding-text.ts',
    // The line with the code, for the administrator: the member that is wrong in an identity or a site file.
    'web/src/state/common/failure.ts',
  ]);
  for (const text of ['<li>{finding.words}</li>', 'title = error.message', 'problem?.detail']) {
    expect(ofError.test(text), text).toBe(true);
  }
});

describe('the scripts that all languages share', () => {
  /** Returns the files that a script imports, itself included. */
  function reachedFrom(path: string, found = new Set<string>()): ReadonlySet<string> {
    if (found.has(path)) return found;
    found.add(path);
    const text = readFileSync(path, 'utf8');
    for (const name of importsOf({ path, text })) {
      const file = name.startsWith('#protocol/')
        ? name.slice(1)
        : name.startsWith('.')
          ? join(dirname(path), name)
          : '';
      if (/\.ts$/.test(file)) reachedFrom(file.replaceAll('\\', '/'), found);
    }
    return found;
  }

  it.each([
    'web/src/vault-worker/vault.worker.ts',
    'web/src/browser/self-test.worker.ts',
    'web/src/browser/timer.worker.ts',
    'web/src/browser/service-worker.ts',
    'web/src/choose-language.ts',
  ])('%s contains no message', (script) => {
    // A refused file leaves the vault worker as its code (web/src/vault-worker/server.ts).
    const reached = [...reachedFrom(script)].filter((path) => path !== 'protocol/text/cut-short.ts');
    const withText = reached.filter((path) => findMessages(readFileSync(path, 'utf8'), path).length > 0);
    expect(withText).toEqual([]);
  });
});
