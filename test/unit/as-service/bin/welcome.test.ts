// What the service prints when it starts.
import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '#as-service/bin/config.ts';
import { type WelcomeOptions, welcomeText } from '#as-service/bin/welcome.ts';

const ADDRESS = 'http://localhost:8787';

function welcome(args: readonly string[] = [], change: Partial<WelcomeOptions> = {}): string[] {
  const config = readConfig(['--data', '/srv/data', '--web', '/srv/web', ...args], {}, '/opt/service') as Config;
  const options: WelcomeOptions = {
    ...{ config, address: ADDRESS, rootFingerprint: 'F00D', keySource: 'key file', accessCode: 'CODE-1' },
    ...{ hasPage: true, colour: false, ...change },
  };
  return welcomeText(options).split('\n');
}

const sealedUnderFile = [
  '  Keys on disk are sealed under /srv/data/sealing.key.',
  '  A copy of the data folder without that file opens nothing. A reader of both, or of this process, can',
  '  open everything. To keep them apart, use --key-file or KEYFERRY_SEALING_KEY.',
  '',
];

/** The lines that `change` adds to a text of the same service. */
function added(args: readonly string[], change: Partial<WelcomeOptions> = {}): string[] {
  const usual = welcome();
  return welcome(args, change).filter((line) => !usual.includes(line));
}

describe('the text at the start', () => {
  it('has the address, the access code and the first steps', () => {
    const lines = welcome();
    const [last] = lines.filter((line) => line.includes('secret of its set'));
    expect(lines).toEqual([
      '',
      '  Keyferry AS',
      '',
      '  Open         http://localhost:8787',
      '  Access code  CODE-1',
      '               new at each start, valid for 8 hours',
      '  Root key     F00D',
      '  Data         /srv/data',
      '',
      '  Your first key: open the page, sign in with the access code, attach a unit.',
      last,
      '',
      ...sealedUnderFile,
    ]);
    expect(last).toMatch(/^ {2}A unit needs the secret of its set first: .+ device-key --help$/);
  });

  it('leads to the page of the demo', () => {
    expect(welcome(['--demo'])).toEqual([
      '',
      '  Keyferry AS  demo mode',
      '',
      '  Open         http://localhost:8787/demo.html',
      '  Access code  CODE-1',
      '               new at each start, valid for 8 hours',
      '  Root key     F00D',
      '  Data         /srv/data',
      '',
      '  Your first key, without any hardware:',
      '    1  Open the address in Chrome and sign in with the access code.',
      '    2  Attach a simulated unit, over USB or serial.',
      '    3  Choose a key and a slot, and load it.',
      '',
      ...sealedUnderFile,
    ]);
  });

  it.each([[], ['--demo']])('names the command that adds an operator, without an access code %j', (...args) => {
    const lines = welcome(args, { accessCode: undefined });
    expect(lines.join('\n')).not.toMatch(/Access code|new at each start|first key/);
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {2}Add an operator: {2}.+ operator add NAME --role operator$/),
    );
    expect(lines.slice(5)).toEqual(['  Data         /srv/data', '', lines[7], '', ...sealedUnderFile]);
  });

  it('says that there is no page', () => {
    expect(added([], { hasPage: false })).toEqual([
      '  There is no page in /srv/web. Only the API answers.',
      '  Build the page with npm run build, or name its folder with --web.',
    ]);
  });

  it('warns of an address that is open to the network', () => {
    expect(added(['--host', '0.0.0.0'])).toEqual([
      '  This address is open to the network and uses plain HTTP. Put a TLS proxy in front of it.',
    ]);
    expect(added(['--host', '::1'])).toEqual([]);
  });

  it('says where the sealing key is, and who can open everything', () => {
    expect(added(['--key-file', '/srv/other.key'])).toEqual(['  Keys on disk are sealed under /srv/other.key.']);
    expect(added([], { keySource: 'environment' })).toEqual([
      '  Keys on disk are sealed under KEYFERRY_SEALING_KEY. A copy of the data folder alone opens nothing.',
      '  A reader of this process or its environment can open everything.',
    ]);
  });

  it('has colours in a terminal, and the same words', () => {
    const coloured = welcome([], { colour: true }).join('\n');
    expect(coloured).toContain('  \x1b[1mKeyferry AS\x1b[0m');
    expect(coloured).toContain('  \x1b[2mOpen         \x1b[0m\x1b[36mhttp://localhost:8787\x1b[0m');
    expect(coloured).toContain('\x1b[1mCODE-1\x1b[0m');
    expect(coloured).toContain('\x1b[2mnew at each start, valid for 8 hours\x1b[0m');
    expect(coloured).toContain('\x1b[2m  Keys on disk');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of a terminal
    expect(coloured.replace(/\x1b\[\d+m/g, '').split('\n')).toEqual(welcome());
  });
});
