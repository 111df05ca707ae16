// The configuration of the service from flags and environment variables.
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, SERVE_HELP } from '#as-service/bin/config.ts';
import type { Environment } from '#as-service/common/environment.ts';

const PROGRAM = resolve('/opt/keyferry/service');

function read(args: readonly string[] = [], environment: Environment = {}) {
  const config = readConfig(args, environment, PROGRAM);
  if (config === 'help') throw new TypeError('help');
  return config;
}

describe('the configuration', () => {
  it('has the page beside the program, whatever the working folder is', () => {
    expect(read().web).toBe(resolve('/opt/keyferry'));
    expect(read([], { KEYFERRY_WEB: '/srv/page' }).web).toBe(resolve('/srv/page'));
    expect(read(['--web', '/srv/other'], { KEYFERRY_WEB: '/srv/page' }).web).toBe(resolve('/srv/other'));
  });

  it('has these defaults', () => {
    expect(read()).toEqual({
      host: '127.0.0.1',
      port: 8787,
      directory: resolve('keyferry-as'),
      keyFile: resolve('keyferry-as/sealing.key'),
      sealingKey: undefined,
      origins: [],
      pageOrigins: [],
      web: resolve('/opt/keyferry'),
      demo: false,
      embedded: true,
      exportsPerMinute: 6000,
      metricsToken: undefined,
      log: 'text',
      acceptClock: false,
    });
  });

  it('takes a flag before the variable, and the variable before the default', () => {
    const variables = {
      KEYFERRY_PORT: '9000',
      KEYFERRY_DATA: '/srv/a',
      KEYFERRY_DEMO: 'TRUE',
      KEYFERRY_STANDALONE: '1',
    };
    expect(read([], variables)).toMatchObject({
      port: 9000,
      directory: resolve('/srv/a'),
      demo: true,
      embedded: false,
    });
    expect(read([], variables).keyFile).toBe(resolve('/srv/a/sealing.key'));
    expect(read(['--port', '0', '--embedded'], variables)).toMatchObject({ port: 0, embedded: true });
    expect(read(['--standalone', '--accept-clock'])).toMatchObject({ embedded: false, acceptClock: true });
    expect(readConfig(['--help'], {}, PROGRAM)).toBe('help');
  });

  it('reads origins separated by commas and blanks, from either variable', () => {
    const origins = ['https://a.example', 'http://b.example:8080'];
    expect(read(['--origin', 'https://a.example/, http://b.example:8080']).origins).toEqual(origins);
    expect(read([], { KEYFERRY_ORIGINS: origins.join(' ') }).origins).toEqual(origins);
    expect(read([], { KEYFERRY_ORIGIN: 'https://a.example' }).origins).toEqual(['https://a.example']);
  });

  it('takes each variable, and quotes around it', () => {
    const config = read([], {
      ...{ KEYFERRY_HOST: '::1', KEYFERRY_KEY_FILE: '/srv/key', KEYFERRY_SEALING_KEY: 'secret', KEYFERRY_DEMO: '1' },
      ...{ KEYFERRY_EXPORTS_PER_MINUTE: '1000000000', KEYFERRY_PORT: '"65535"', KEYFERRY_STANDALONE: 'true' },
    });
    expect(config).toMatchObject({
      ...{ host: '::1', keyFile: resolve('/srv/key'), sealingKey: 'secret', demo: true, embedded: false },
      ...{ exportsPerMinute: 1_000_000_000, port: 65535 },
    });
    expect(read([], { KEYFERRY_DEMO: '10', KEYFERRY_STANDALONE: 'not true' })).toMatchObject({
      ...{ demo: false, embedded: true },
    });
  });

  it('takes flags for all that is in its help, with the variable of each', () => {
    const flags = SERVE_HELP.split('\n').filter((line) => line.startsWith('  --'));
    expect(flags.map((line) => line.trim().replace(/ {2,}/, ' | '))).toEqual([
      '--port N | KEYFERRY_PORT',
      '--host NAME | KEYFERRY_HOST',
      '--data FOLDER | KEYFERRY_DATA',
      '--key-file FILE | KEYFERRY_KEY_FILE',
      '--origin URL,… | KEYFERRY_ORIGINS',
      '--allow-origin URL | KEYFERRY_ALLOW_ORIGINS',
      '--web FOLDER | KEYFERRY_WEB',
      '--exports-per-minute N | KEYFERRY_EXPORTS_PER_MINUTE',
      '--demo | KEYFERRY_DEMO=1',
      '--embedded',
      '--standalone | KEYFERRY_STANDALONE=1',
      '--log FORMAT | KEYFERRY_LOG',
      '--accept-clock',
      '--help',
    ]);
    const texts = SERVE_HELP.split('\n').filter((line) => line.startsWith('      '));
    expect(texts).toHaveLength(flags.length);
    expect(texts.filter((line) => !/^ {6}\w+ /.test(line))).toEqual([]);
    expect([texts[1], texts[2]]).toEqual(['      default 127.0.0.1', '      default ./keyferry-as']);
    const [head, blank] = SERVE_HELP.split('\n');
    expect([head, blank]).toEqual(['keyferry-as-serve: the AS as an HTTP service', '']);
    expect(SERVE_HELP).toContain('  --port N                KEYFERRY_PORT\n      default 8787; 0 for any free port\n');
    expect(read(['--port', '1', '--host', 'localhost', '--demo', '--key-file', '/k'])).toMatchObject({
      ...{ port: 1, host: 'localhost', demo: true, keyFile: resolve('/k') },
    });
    expect(read(['--data', '/d', '--exports-per-minute', '1'])).toMatchObject({
      ...{ directory: resolve('/d'), keyFile: resolve('/d/sealing.key'), exportsPerMinute: 1 },
    });
  });

  it.each([
    [['--exports-per-minute', '1000000001'], 'exports-per-minute must be a whole number from 1 to 1000000000'],
    [['--origin', 'xhttp://a.example'], '"xhttp://a.example" is not an origin. Write it like https://keys.example.org'],
    [['extra'], /^(?!\w*Error).*'extra'.*\n\nkeyferry-as-serve/],
    [['--other'], /^(?!\w*Error).*'--other'/],
    [['--port', ' 1'], 'port must be a whole number from 0 to 65535, not " 1".'],
    [['--port', '1.5'], 'port must be a whole number'],
    [['--origin', 'https://*.example'], '"https://*.example" is not an origin. Write it like https://keys.example.org'],
    [['--origin', 'https://a.example//'], 'Write it like https://a.example, without a path.'],
    [['--port', '65536'], 'port must be a whole number from 0 to 65535, not "65536".'],
    [['--port', '1e3'], 'port must be a whole number from 0 to 65535, not "1e3".'],
    [['--exports-per-minute', '0'], 'exports-per-minute must be a whole number from 1 to 1000000000, not "0".'],
    [['--origin', 'https://a.example/keys'], '"https://a.example/keys" is not an origin.'],
    [['--origin', 'ftp://a.example'], '"ftp://a.example" is not an origin.'],
    [['--embedded', '--standalone'], 'Choose --embedded or --standalone, not both.'],
    [['--nonsense'], '--exports-per-minute N'],
    [['--log', 'xml'], 'log must be text or json, not "xml".'],
  ])('refuses %j', (args, words) => {
    expect(() => read(args)).toThrow(words);
  });
});

it('takes a token for the metrics that is long enough', () => {
  const token = 'T'.repeat(20);
  expect(read([], { KEYFERRY_METRICS_TOKEN: token }).metricsToken).toBe(token);
  for (const wrong of [token.slice(1), `${token} ${token}`]) {
    expect(() => read([], { KEYFERRY_METRICS_TOKEN: wrong })).toThrow('needs at least 20 characters without blanks');
  }
});

function pageOrigins(args: readonly string[], environment: Record<string, string> = {}): readonly string[] {
  return read(args, environment).pageOrigins;
}

describe('the origins of pages on other servers', () => {
  const [A, B] = ['https://intranet.example', 'https://tools.example:8443'];

  it('come from a flag that may be repeated, or from the environment', () => {
    expect(pageOrigins([])).toEqual([]);
    expect(pageOrigins(['--allow-origin', A, '--allow-origin', `${B}/`])).toEqual([A, B]);
    expect(pageOrigins(['--allow-origin', `${A},${B}`])).toEqual([A, B]);
    const environment = { KEYFERRY_ALLOW_ORIGINS: ` "${A}, ${B}"` };
    expect(pageOrigins([], environment)).toEqual([A, B]);
    expect(pageOrigins(['--allow-origin', B], environment)).toEqual([B]);
  });

  it('are not origins at which the service is reached', () => {
    expect(read(['--allow-origin', A, '--origin', B])).toMatchObject({ origins: [B], pageOrigins: [A] });
  });

  it.each([
    ['*', 'https://keys.example.org'],
    ['null', 'https://keys.example.org'],
    ['intranet.example', 'https://keys.example.org'],
    ['https://*.example', 'https://keys.example.org'],
    ['file:///srv/page', 'https://keys.example.org'],
    ['https://intranet.example/tools/keys/', A],
    ['https://Intranet.example', A],
    ['https://intranet.example:443', A],
    ['https://anna@intranet.example', A],
    ['https://schlüssel.example', 'https://xn--schlssel-95a.example'],
  ])('%s is refused, with the right spelling', (text, spelling) => {
    const refusal = `"${text}" is not an origin. Write it like ${spelling}, without a path.`;
    expect(() => pageOrigins(['--allow-origin', text])).toThrow(refusal);
    expect(() => pageOrigins([], { KEYFERRY_ALLOW_ORIGINS: text })).toThrow(refusal);
  });

  it('need HTTPS, except on this computer', () => {
    expect(() => pageOrigins(['--allow-origin', 'http://intranet.example:80'])).toThrow('is not an origin');
    expect(() => pageOrigins(['--allow-origin', 'http://intranet.example:8080'])).toThrow(
      '"http://intranet.example:8080" does not use HTTPS, so browsers offer its page no units. Write https://intranet.example:8080.',
    );
    const local = ['http://localhost:5173', 'http://127.0.0.1:5173', 'http://[::1]:5173'];
    expect(pageOrigins(['--allow-origin', local.join(',')])).toEqual(local);
  });
});
