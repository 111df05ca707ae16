import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { cliCommand } from '#as-service/cli/cli-command.ts';

const FOLDER = resolve('/opt/keyferry');

it.each([
  ['the folder of the build', join(FOLDER, 'dist/service/serve.js'), FOLDER, `node ${join('dist/service/cli.js')}`],
  [
    'another folder',
    join(FOLDER, 'dist/service/cli.js'),
    resolve('/opt'),
    `node ${join('keyferry/dist/service/cli.js')}`,
  ],
  ['a folder with a blank', resolve('/opt/my keys/serve.js'), resolve('/opt'), `node "${join('my keys/cli.js')}"`],
  ['the sources', join(FOLDER, 'as-service/bin/cli.ts'), FOLDER, 'npm run as --'],
])('the command of the CLI can be typed in %s', (_name, script, folder, command) => {
  expect(cliCommand(script, folder)).toBe(command);
});
