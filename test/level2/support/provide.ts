// Installs the packages that level 2 needs, if apt-get exists and the user is root. Otherwise the
// tests of level 2 are skipped with the reason.
import { aptPrefix, installPackages } from '#test/support/install-chromium.ts';
import { missingPrograms, PACKAGES } from './requirements.ts';

export async function provideLevel2(say: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  const packages = missingPrograms().flatMap((program) => PACKAGES[program] ?? []);
  if (packages.length === 0 || (await aptPrefix()) === undefined) return;
  say(`Level 2 needs ${packages.join(', ')}: installing.`);
  const failure = await installPackages([], packages);
  if (failure !== undefined) say(`Level 2 is skipped: ${failure}`);
}
