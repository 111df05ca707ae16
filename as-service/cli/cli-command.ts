// Returns the command that starts the CLI, for help texts. The command contains a path, because a
// build installs no program `keyferry-as`.
import { dirname, extname, join, relative } from 'node:path';

/**
 * Returns the command as typed in `folder`. `script` is the path of serve.js or cli.js, which are
 * in the same folder. For a program that runs from its sources, returns the npm command.
 */
export function cliCommand(script = process.argv[1] ?? '', folder = process.cwd()): string {
  const extension = extname(script);
  if (extension === '.ts') return 'npm run as --';
  const path = relative(folder, join(dirname(script), `cli${extension}`));
  return `node ${/\s/.test(path) ? `"${path}"` : path}`;
}
