// Installs the packages that level 2 needs, if apt-get exists and the user is root. Otherwise the
// tests of level 2 are skipped with the reason.
import { aptPrefix } from '#test/support/install-chromium.ts';
import { runCommand } from '#test/support/run-command.ts';
import { missingPrograms, PACKAGES } from './requirements.ts';

export async function provideLevel2(say: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  const packages = missingPrograms().flatMap((program) => PACKAGES[program] ?? []);
  if (packages.length === 0 || (await aptPrefix()) === undefined) return;
  say(`Level 2 needs ${packages.join(', ')}: installing.`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runCommand('apt-get', ['update', '-q'], { env });
  const { code, output } = await runCommand(
    'apt-get',
    ['install', '-q', '-y', '--no-install-recommends', ...packages],
    { env },
  );
  if (code !== 0) say(`apt-get failed with ${code}; level 2 is skipped:\n${output.slice(-2000)}`);
}
