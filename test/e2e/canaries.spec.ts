// Checks that T, K_D, T1 and TA never reach the page if the AS is a service. Searches the messages,
// console, journal, trace, storage, DOM and network of the page. As a control, the same search must
// find a secret that the test plants in the page. Does not search the memory of the page, because
// the simulated unit runs in the page and has keys.
import type { Page, Response } from '@playwright/test';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { decodeData } from '#protocol/tkl/data.ts';
import { deriveDeviceKey, deriveKey, operationContext } from '#protocol/tkl/key-tree.ts';
import { injectSimulator } from './support/inject.ts';
import { FIELD_KEY, SHARED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

/** The text of each place that could contain a secret, by the name of the place. */
type Places = Readonly<Record<string, string>>;

/** Records every postMessage() of the page. Installed before the first script of the page. */
async function recordMessages(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(window, { keyferryMessages: seen });
    const asText = (value: unknown): string =>
      JSON.stringify(value, (_key, part: unknown) =>
        part instanceof ArrayBuffer || ArrayBuffer.isView(part)
          ? [...new Uint8Array(part instanceof ArrayBuffer ? part : part.buffer)]
              .map((byte) => byte.toString(16).padStart(2, '0'))
              .join('')
          : part,
      ) ?? '';
    for (const door of [window, Worker.prototype, MessagePort.prototype, BroadcastChannel.prototype]) {
      const post = door.postMessage as (...args: unknown[]) => void;
      Object.defineProperty(door, 'postMessage', {
        configurable: true,
        value(this: unknown, ...args: unknown[]) {
          seen.push(asText(args[0]));
          return post.apply(this, args);
        },
      });
    }
  });
}

/** Returns the stored data, the messages and the DOM of the page, with bytes as hex. */
async function lookInside(page: Page): Promise<Places> {
  return await page.evaluate(async () => {
    const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const asText = (value: unknown): string =>
      JSON.stringify(value, (_key, part: unknown) => {
        if (part instanceof ArrayBuffer) return hex(new Uint8Array(part));
        return ArrayBuffer.isView(part) ? hex(new Uint8Array(part.buffer, part.byteOffset, part.byteLength)) : part;
      }) ?? '';
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    let journal = '';
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        journal += asText(await done(database.transaction(store).objectStore(store).getAll()));
      }
      database.close();
    }
    return {
      journal,
      messages: (window as unknown as { keyferryMessages: string[] }).keyferryMessages.join('\n'),
      dom: document.documentElement.outerHTML.replaceAll(/<\/?(span|wbr)[^>]*>/g, ''),
      storage: JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    };
  });
}

/** Returns the secret in each usual text form: hex, base64, base64url, decimals and characters. */
function forms(secret: Uint8Array): string[] {
  const text = String.fromCharCode(...secret);
  // A secret inside a longer text has three base64 forms, one for each offset modulo 3. The first
  // and last characters of a form also depend on the neighbouring bytes, so they are left out.
  const base64 = [0, 1, 2].map((offset) =>
    btoa('\0'.repeat(offset) + text)
      .replaceAll('=', '')
      .slice(offset === 0 ? 0 : 4, -4),
  );
  const decimals = [...secret].join(',');
  return [
    toHex(secret),
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    decimals,
    text,
  ];
}

function found(places: Places, secret: Uint8Array): string[] {
  const wanted = forms(secret);
  return Object.entries(places)
    .filter(([, content]) => {
      const plain = content.replaceAll(/\s+/g, '');
      return wanted.some((form) => content.includes(form) || plain.toUpperCase().includes(form.toUpperCase()));
    })
    .map(([place]) => place);
}

test('no secret reaches the page, and the search finds a planted secret in every place', async ({
  page,
  service,
  station,
}) => {
  const one = unit(SHARED);
  const network: Promise<string>[] = [];
  let exported: { readonly random: string; readonly data: string } | undefined;
  const keep = async (response: Response): Promise<string> => {
    const body = await response.text().catch(() => '');
    if (response.url().endsWith('/v1/exports')) {
      exported = { random: response.request().postDataJSON().random, data: JSON.parse(body).data };
    }
    return `${response.url()}\n${response.request().postData() ?? ''}\n${body}`;
  };
  page.on('response', (response) => {
    // A response to HEAD has no body.
    if (response.request().method() !== 'HEAD') network.push(keep(response));
  });
  const said: string[] = [];
  page.on('console', (message) => void said.push(message.text()));
  const seenOnNetwork = async (): Promise<string> => (await Promise.all(network)).join('\n');
  await recordMessages(page);
  await injectSimulator(page, [one], { persist: false });
  await page.goto(service.url);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  const doms: string[] = [];
  const keepDom = async (): Promise<void> => void doms.push((await lookInside(page)).dom ?? '');
  await keepDom();
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  const trace = (await (await lane.openConversation()).allTextContents()).join('\n');
  await keepDom();
  const rows = await station.openHistory();
  await rows.first().getByRole('button').first().click();
  await expect(rows.first()).toContainText('Receipt');
  await keepDom();
  const seen = async (): Promise<Places> => ({ network: await seenOnNetwork(), console: said.join('\n') });
  const places: Places = { ...(await lookInside(page)), dom: doms.join('\n'), trace, ...(await seen()) };

  if (exported === undefined) throw new Error('no export was seen on the network');
  const { headerBytes } = decodeData(fromBase64url(exported.data));
  const [transportKey, random] = [fromHex(SHARED.transportKey), fromBase64url(exported.random)];
  const identity = { set: SHARED.set, tkv: 1, sn: fromHex(one.sn.padStart(32, '0')) };
  const deviceKey = deriveDeviceKey('cmac', transportKey, identity);
  const secrets = {
    T: transportKey,
    K_D: deviceKey,
    T1: deriveKey('cmac', deviceKey, 'TKL1OPK', operationContext(headerBytes, random)),
    TA: fromHex(FIELD_KEY.key),
  };
  for (const [name, secret] of Object.entries(secrets)) expect(found(places, secret), name).toEqual([]);

  // Checks the search itself: it must find public values where they occur, and a planted key in
  // every place.
  expect(found(places, random)).toContain('network');
  expect(found(places, fromHex(one.sn.padStart(32, '0')))).toEqual(expect.arrayContaining(['journal', 'dom']));
  expect(trace).toContain('IMPORTKEY');
  const planted = await plant(page, secrets.TA);
  const after: Places = { ...(await lookInside(page)), ...(await seen()) };
  expect(planted).toBe(true);
  expect(found(after, secrets.TA).sort()).toEqual(['console', 'dom', 'journal', 'messages', 'network', 'storage']);
});

/** Plants the secret in each place, in the form that a leak would have there. */
async function plant(page: Page, secret: Uint8Array): Promise<boolean> {
  const answered = page.waitForResponse((response) => response.url().includes('planted'));
  await page.evaluate(
    async (numbers) => {
      const bytes = Uint8Array.from(numbers);
      const text = bytes.reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), '');
      document.body.dataset.planted = text;
      console.debug(text);
      sessionStorage.setItem('planted', btoa(String.fromCharCode(...bytes)));
      new MessageChannel().port1.postMessage({ planted: bytes });
      await new Promise((resolve, reject) => {
        const request = indexedDB.open('planted', 1);
        request.onupgradeneeded = () => request.result.createObjectStore('planted').add(bytes, 1);
        request.onsuccess = () => {
          request.result.close();
          resolve(undefined);
        };
        request.onerror = () => reject(request.error);
      });
      await (await fetch(`/v1/trust?planted=${text}`)).text();
    },
    [...secret],
  );
  await answered;
  return true;
}
