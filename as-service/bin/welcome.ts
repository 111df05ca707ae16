// What the terminal shows at a start: where to go, how to sign in, what to click, and what the sealing on disk protects.

import { CLI_COMMAND } from '../cli/cli-command.ts';
import type { SealingKey } from '../storage/sealing-key.ts';
import type { Config } from './config.ts';

export interface Welcome {
  readonly config: Config;
  readonly address: string;
  readonly rootFingerprint: string;
  readonly keySource: SealingKey['source'];
  readonly token: string | undefined;
  readonly hasPage: boolean;
  /** The terminal shows colours. */
  readonly colour: boolean;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

export function welcome(given: Welcome): string {
  const { config, address, token, hasPage, colour } = given;
  const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  const [bold, dim, accent] = [paint(1), paint(2), paint(36)];
  const row = (name: string, value: string) => `  ${dim(name.padEnd(13))}${value}`;
  const lines = [
    '',
    `  ${bold('Keyferry AS')}${config.demo ? '  demo mode' : ''}`,
    '',
    row('Open', accent(config.demo ? `${address}/demo.html` : address)),
    ...(token === undefined
      ? []
      : [row('Access code', bold(token)), row('', dim('new at each start, valid for 8 hours'))]),
    row('Root key', given.rootFingerprint),
    row('Data', config.directory),
    '',
    ...firstMinute(given),
    ...(hasPage ? [] : ['  The page is not built (npm run build), so only the API answers here.', '']),
    ...(LOOPBACK.test(config.host)
      ? []
      : ['  This address is open to the network and speaks plain HTTP: put a TLS proxy before it.', '']),
    ...sealing(given).map(dim),
    '',
  ];
  return lines.join('\n');
}

function firstMinute({ config, token }: Welcome): string[] {
  if (token === undefined) {
    return [`  Add an operator:  ${CLI_COMMAND} operator add NAME --role operator`, ''];
  }
  if (!config.demo) {
    return [
      '  Your first key: open the page, sign in with the access code, attach a unit.',
      `  A unit must hold the key of the set first: ${CLI_COMMAND} device-key --help`,
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

function sealing({ config, keySource }: Welcome): string[] {
  if (keySource === 'environment') {
    return [
      '  Keys on disk are sealed under KEYFERRY_SEALING_KEY. A copy of the data folder alone opens nothing;',
      '  whoever can read this process or its environment can open everything.',
    ];
  }
  return [
    `  Keys on disk are sealed under ${config.keyFile}.`,
    '  A copy of the data folder without that file opens nothing. Whoever has both, or can read this process,',
    '  can open everything: keep them apart (--key-file, KEYFERRY_SEALING_KEY) where it matters.',
  ];
}
