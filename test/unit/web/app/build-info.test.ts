import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readApp, readBuildFacts } from '#web/app/build-info.ts';

const BUILD = { version: '1.2.3', hash: 'abc', files: { 'assets/index-1.js': 'x', 'index.html': 'y' } };

/** `answer` answers the requests to the server and, if `worker` is undefined, those to the service worker. */
function open(script: string, answer: () => Response | Promise<Response>, worker = answer) {
  const fetch = vi.fn(async (url: string, _?: RequestInit) => (url.includes('?') ? answer() : worker()));
  vi.stubGlobal('fetch', fetch);
  vi.stubGlobal('document', { scripts: [{ type: 'module', src: `https://keys.example/assets/${script}` }] });
  return fetch;
}

beforeEach(() => vi.stubEnv('KEYFERRY_VERSION', '1.2.2'));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

describe('the build of the page', () => {
  it('is compared with the build that its server offers', async () => {
    open('index-1.js', () => Response.json(BUILD));
    expect(await readBuildFacts()).toMatchObject({ script: 'index-1.js', hash: 'abc', isServed: true });
    expect(await readApp()).toEqual({ version: '1.2.2', build: 'abc' });
  });

  it('is not the one of the server after an update', async () => {
    open('index-0.js', () => Response.json(BUILD));
    expect(await readBuildFacts()).toMatchObject({ hash: undefined, isServed: false });
    expect(await readApp()).toEqual({ version: '1.2.2', build: 'index-0.js' });
  });

  it.each([
    ['without a network', () => Promise.reject(new TypeError('failed to fetch')), undefined],
    ['after an update', () => Response.json({ ...BUILD, files: { 'assets/index-2.js': 'z' } }), false],
    ['if only the headers of the page changed', () => Response.json({ ...BUILD, hash: 'def' }), false],
  ])('is named by the service worker %s', async (_, answer, isServed) => {
    open('index-1.js', answer, () => Response.json(BUILD));
    expect(await readBuildFacts()).toMatchObject({ hash: 'abc', isServed });
    expect(await readApp()).toEqual({ version: '1.2.2', build: 'abc' });
  });

  it.each([
    ['a web page', () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })],
    ['a refusal', () => new Response('{}', { status: 404 })],
    ['no answer', () => Promise.reject(new TypeError('failed to fetch'))],
  ])('is not compared after %s', async (_, answer) => {
    open('index-1.js', answer);
    expect(await readBuildFacts()).toMatchObject({ isServed: undefined });
    expect(await readApp()).toEqual({ version: '1.2.2', build: 'index-1.js' });
  });

  it('is fetched with a timeout', async () => {
    const fetch = open('index-1.js', () => Response.json(BUILD));
    await readBuildFacts();
    expect(fetch.mock.calls[0]?.[1]?.signal).toBeInstanceOf(AbortSignal);
  });
});
