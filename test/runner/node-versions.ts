// Finds the Node executables that the quick tests run on: the oldest supported version and the
// newest LTS line. npm installs them into its own cache and changes nothing else on the machine.
import { runCommand } from '../support/run-command.ts';

/** The oldest version that `engines` in package.json allows, and the current LTS line. */
export const NODE_VERSIONS = ['20.19', '24'] as const;

export type FoundNode = { readonly path: string } | { readonly missing: string };

/** Returns the path of the executable, or the reason why npm has no executable for this machine. */
export async function provideNode(version: string): Promise<FoundNode> {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const script = 'console.log(process.version, process.execPath)';
  const args = ['exec', '--yes', `--package=node@${version}`, '--', 'node', '-e', script];
  const { code, output } = await runCommand(npm, args);
  const found = new RegExp(`^v${version.replaceAll('.', '\\.')}\\.\\S* (.+)$`, 'm').exec(output)?.[1];
  if (code === 0 && found !== undefined) return { path: found };
  return { missing: `npm exec --package=node@${version} ended with ${code}: ${output.trim().slice(-500)}` };
}
