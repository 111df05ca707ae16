// The AS decides when an order ends, so the view of orders reads the clock of the AS and not the
// clock of this computer.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const FOLDER = 'web/src/ui/orders';

it('the view of orders does not read the clock of this computer', () => {
  const files = readdirSync(FOLDER).filter((name) => /\.(ts|svelte)$/.test(name));
  const texts = files.map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));
  expect(texts.find(({ name }) => name === 'OrdersView.svelte')?.text).toContain('asClock.now()');
  expect(texts.filter(({ text }) => /new Date\(\)|Date\.now\(\)/.test(text)).map(({ name }) => name)).toEqual([]);
});
