// Builds the page in English and in Arabic, with test translations: the English text, 40 % longer. A
// locator that looks for the beginning of an English text finds the translation too.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBuilder } from 'vite';
import { pseudoCatalog } from '#build/languages/pseudo.ts';
import { readMessages } from '#build/languages/sources.ts';

const LANGUAGE = 'ar';
const ENVIRONMENTS = ['chooser', 'verify', 'verify_ar', 'label', 'label_ar', 'client', 'client_ar', 'demo', 'demo_ar'];

export interface TranslatedBuild {
  /** Folder of the page. */
  readonly folder: string;
  /** Folder of the demo. */
  readonly demo: string;
  readonly remove: () => Promise<void>;
}

export async function buildTranslated(): Promise<TranslatedBuild> {
  const folder = await mkdtemp(join(tmpdir(), 'kf-languages-'));
  const catalogs = await mkdtemp(join(tmpdir(), 'kf-catalogs-'));
  const catalog = JSON.stringify(pseudoCatalog(readMessages('.'), LANGUAGE), (_, value: unknown) =>
    typeof value === 'string' ? value.normalize('NFD').replace(/\p{M}/gu, '') : value,
  );
  await writeFile(join(catalogs, `${LANGUAGE}.json`), catalog);
  Object.assign(process.env, { KEYFERRY_CATALOGS: catalogs, KEYFERRY_DIST: folder });
  const builder = await createBuilder({ configFile: 'vite.config.ts' });
  for (const name of ENVIRONMENTS) {
    const environment = builder.environments[name];
    if (!environment) throw new Error(`the configuration has no environment ${name}`);
    await builder.build(environment);
  }
  delete process.env.KEYFERRY_CATALOGS;
  delete process.env.KEYFERRY_DIST;
  await rm(catalogs, { recursive: true });
  return { folder: join(folder, 'app'), demo: join(folder, 'demo'), remove: () => rm(folder, { recursive: true }) };
}
