// The type check of the page must notice an error in the script and in the markup of a component.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkComponents } from '#test/runner/runners.ts';

let folder: string;
beforeEach(() => {
  mkdirSync('test-results', { recursive: true });
  folder = mkdtempSync(join('test-results', 'components-'));
  const options = { extends: '../../tsconfig.base.json', compilerOptions: { types: ['svelte'] }, include: ['src'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  mkdirSync(join(folder, 'src'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function check(script: string, markup: string): Promise<string> {
  writeFileSync(join(folder, 'src/Part.svelte'), `<script lang="ts">\n${script}\n</script>\n${markup}\n`);
  const { code, output } = await checkComponents(folder);
  return `${code}: ${output}`;
}

it('accepts a component without errors', async () => {
  expect(await check('const count: number = 1;', '{count}')).toMatch(/^0: .*found 0 errors/s);
});

it.each([
  ['the script', "const count: number = 'one';", '{count}', "Type 'string' is not assignable to type 'number'"],
  ['the markup', 'const count = 1;', '{count}{missing}', "Cannot find name 'missing'"],
])('refuses an error in %s', async (_, script, markup, words) => {
  expect(await check(script, markup)).toMatch(new RegExp(`^1: .*${words}`, 's'));
});
