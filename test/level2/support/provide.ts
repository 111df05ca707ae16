// Fetches what level 2 needs where there is apt-get and this user is root; elsewhere its tests say what is missing.
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
  if (code !== 0) say(`apt-get ended with ${code}, level 2 is left out:\n${output.slice(-2000)}`);
}
