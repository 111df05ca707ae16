// keyferry-as, the command line of the AS. If a running service holds the lock of the data folder,
// that service executes the command. Otherwise this process takes the lock and executes the
// command. Two processes thus never write the same state, and a running service applies a
// revocation immediately.
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { showText } from '#protocol/text/permitted-text.ts';
import { type AdminRequest, runAdminRequest } from '../cli/admin-requests.ts';
import { readCommandLine } from '../cli/command-line.ts';
import { requestControl } from '../cli/control.ts';
import { runLogCommand } from '../cli/log-requests.ts';
import { localZone, showTime } from '../cli/times.ts';
import { readVariable } from '../common/environment.ts';
import { UserError } from '../common/user-error.ts';
import { verifyDeployment } from '../release/verify-deployment.ts';
import { STATE_FILE } from '../service/choose-state.ts';
import { openAs } from '../service/open-as.ts';
import { runSiteRequest } from '../site/site-requests.ts';
import { diskRefusal } from '../storage/disk-error.ts';
import { askConfirmation } from './ask-confirmation.ts';
import { versionLine } from './version.ts';

async function main(): Promise<readonly string[]> {
  process.umask(0o077);
  const line = readCommandLine(process.argv.slice(2));
  if ('help' in line) return line.help.split('\n');
  const built = join(import.meta.dirname, '..');
  if ('version' in line) return [await versionLine(built)];
  const { request, values } = line;
  if (request.command === 'verify-deployment') {
    const { lines, isEqual } = await verifyDeployment(request);
    if (!isEqual) process.exitCode = 1;
    return lines;
  }
  const directory = resolve(values.data ?? readVariable(process.env, 'KEYFERRY_DATA') ?? 'keyferry-as');
  if (request.command === 'log show' || request.command === 'log verify') return runLogCommand(directory, request);
  const keyFile = resolve(
    values['key-file'] ?? readVariable(process.env, 'KEYFERRY_KEY_FILE') ?? `${directory}/sealing.key`,
  );
  const demo = values.demo ?? /^(1|true)$/i.test(readVariable(process.env, 'KEYFERRY_DEMO') ?? '');
  const runAtAs = (command: AdminRequest) => run(command, { directory, keyFile, demo });
  if (request.command === 'site pack' || request.command === 'site check' || request.command === 'site policies') {
    return runSiteRequest(request, runAtAs, (time) => showTime(time, localZone()), built);
  }
  return runAtAs(await askConfirmation(request));
}

/**
 * The commands that may create a service. All others require an existing service, because a wrong
 * --data must not create a second one.
 */
const CREATING_COMMANDS: readonly AdminRequest['command'][] = ['set add', 'operator add'];

async function run(request: AdminRequest, options: { directory: string; keyFile: string; demo: boolean }) {
  const isNew = !existsSync(join(options.directory, STATE_FILE));
  if (isNew && !CREATING_COMMANDS.includes(request.command)) {
    throw new UserError(`There is no service in ${options.directory}. Name its data folder with --data.`);
  }
  const actor = `cli ${userInfo().username}`;
  const opened = await openAs({
    ...options,
    sealingKey: readVariable(process.env, 'KEYFERRY_SEALING_KEY'),
    onConnection: (socket) => {
      const refused = 'Another command is running on this data folder. Retry in a moment.';
      socket.end(`${JSON.stringify({ refused })}\n`);
    },
  });
  if ('socketPath' in opened) return requestControl(opened.socketPath, actor, request);
  for (const notice of opened.as.notices) console.error(notice);
  if (isNew) console.error(`Created a service in ${options.directory}.`);
  try {
    return await runAdminRequest(opened.as, actor, request);
  } finally {
    await opened.close();
  }
}

main()
  .then((lines) => console.log(lines.map(showText).join('\n')))
  .catch((cause: unknown) => {
    const refusal = diskRefusal(cause, 'The command failed.');
    console.error(refusal instanceof UserError ? refusal.message.split('\n').map(showText).join('\n') : refusal);
    // As with diff, 1 says that two things differ, and 2 that they could not be compared.
    process.exitCode = process.argv[2] === 'verify-deployment' ? 2 : 1;
  });
