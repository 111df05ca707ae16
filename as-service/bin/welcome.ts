// The text that the service prints when it starts: the address, the access code, the first steps,
// and how the keys are sealed.
import { cliCommand } from '../cli/cli-command.ts';
import type { SealingKey } from '../storage/sealing-key.ts';
import type { Config } from './config.ts';
import { isLoopback } from './loopback.ts';

export interface WelcomeOptions {
  readonly config: Config;
  readonly address: string;
  readonly rootFingerprint: string;
  readonly keySource: SealingKey['source'];
  /** Undefined in standalone mode. */
  readonly accessCode: string | undefined;
  readonly hasPage: boolean;
  /** Use ANSI colours. */
  readonly colour: boolean;
}

export function welcomeText(options: WelcomeOptions): string {
  const { config, address, accessCode, hasPage, colour } = options;
  const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  const [bold, dim, accent] = [paint(1), paint(2), paint(36)];
  const row = (name: string, value: string) => `  ${dim(name.padEnd(13))}${value}`;
  const lines = [
    '',
    `  ${bold('Keyferry AS')}${config.demo ? '  demo mode' : ''}`,
    '',
    row('Open', accent(config.demo ? `${address}/demo.html` : address)),
    ...(accessCode === undefined
      ? []
      : [row('Access code', bold(accessCode)), row('', dim('new at each start, valid for 8 hours'))]),
    row('Root key', options.rootFingerprint),
    row('Data', config.directory),
    '',
    ...firstSteps(options),
    ...(hasPage
      ? []
      : [
          `  There is no page in ${config.web}. Only the API answers.`,
          '  Build the page with npm run build, or name its folder with --web.',
          '',
        ]),
    ...(isLoopback(config.host)
      ? []
      : ['  This address is open to the network and uses plain HTTP. Put a TLS proxy in front of it.', '']),
    ...sealing(options).map(dim),
    '',
  ];
  return lines.join('\n');
}

function firstSteps({ config, accessCode }: WelcomeOptions): string[] {
  if (accessCode === undefined) {
    return [`  Add an operator:  ${cliCommand()} operator add NAME --role operator`, ''];
  }
  if (!config.demo) {
    return [
      '  Your first key: open the page, sign in with the access code, attach a unit.',
      `  A unit needs the secret of its set first: ${cliCommand()} device-key --help`,
      '',
    ];
  }
  return [
    '  Your first key, without any hardware:',
    '    1  Open the address in Chrome and sign in with the access code.',
    '    2  Attach a simulated unit, over USB or serial.',
    '    3  Choose a key and a slot, and load it.',
    '',
  ];
}

function sealing({ config, keySource }: WelcomeOptions): string[] {
  if (keySource === 'environment') {
    return [
      '  Keys on disk are sealed under KEYFERRY_SEALING_KEY. A copy of the data folder alone opens nothing.',
      '  A reader of this process or its environment can open everything.',
    ];
  }
  return [
    `  Keys on disk are sealed under ${config.keyFile}.`,
    '  A copy of the data folder without that file opens nothing. A reader of both, or of this process, can',
    '  open everything. To keep them apart, use --key-file or KEYFERRY_SEALING_KEY.',
  ];
}
