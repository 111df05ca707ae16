// With a remote AS and the unit outside the page, T, the unit's device key, T1 and TA are nowhere in the browser: not in the memory of
// the page's process, nor in that of any other of the browser's, while a key is being loaded and afterwards. The same scan finds what
// the page does hold.
import { readlinkSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii, fromBase64url } from '#protocol/bytes/text.ts';
import { decodeData } from '#protocol/tkl/data.ts';
import { deriveDeviceKey, deriveKey, operationContext } from '#protocol/tkl/key-tree.ts';
import { FIELD_KEY, SHARED } from '#test/e2e/support/sets.ts';
import { unit } from '#test/e2e/support/test.ts';
import type { Pattern } from './memory/pattern-search.ts';
import { processTree, scanProcess } from './memory/process-memory.ts';
import { spellings } from './memory/spellings.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

interface Export {
  readonly random: string;
  readonly data: string;
}

/** Long enough for one scan of all processes. */
const IMPORT_MS = 12_000;

function whenExported(page: Page): Promise<Export> {
  return page
    .waitForResponse((response) => response.url().endsWith('/v1/exports'))
    .then(async (response) => ({
      random: (response.request().postDataJSON() as { random: string }).random,
      data: ((await response.json()) as { data: string }).data,
    }));
}

/** Processes of the browser that this test has started, the page's own among them. */
function browserProcesses(): number[] {
  return processTree(process.pid).filter((pid) => {
    try {
      return /chrom/.test(readlinkSync(`/proc/${pid}/exe`));
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

async function scanAll(patterns: readonly Pattern[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pid of browserProcesses()) {
    for (const name of (await scanProcess(pid, patterns)).found) found.add(name);
  }
  return [...found];
}

for (const link of ['usb', 'serial'] as const) {
  test(`a load over ${link} leaves no secret in the browser`, async ({ bring, open, page, service }) => {
    test.setTimeout(180_000);
    const one = await bring(unit(SHARED, { link, latency: { identity: 0, challenge: 0, importKey: IMPORT_MS } }));
    const lane = (await open()).lane(one.sn);
    const exporting = whenExported(page);
    await lane.load(FIELD_KEY.label, 1);
    const { random, data } = await exporting;

    const octets = fromBase64url(data);
    const sn = fromHex(one.sn.padStart(32, '0'));
    const transportKey = fromHex(SHARED.transportKey);
    const deviceKey = deriveDeviceKey('cmac', transportKey, { set: SHARED.set, tkv: 1, sn });
    const context = operationContext(decodeData(octets).headerBytes, fromBase64url(random));
    const secrets = [
      ...spellings('T', transportKey),
      ...spellings('K_D', deviceKey),
      ...spellings('T1', deriveKey('cmac', deviceKey, 'TKL1OPK', context)),
      ...spellings('TA', fromHex(FIELD_KEY.key)),
    ];
    const controls = [
      ...spellings('DATA', octets.subarray(48, 80)),
      ...spellings('SN', sn),
      { name: 'token', octets: ascii(service.token) },
    ];
    expect(browserProcesses().length).toBeGreaterThan(2);

    await lane.expectWord('Loading');
    const during = await scanAll([...secrets, ...controls]);
    await lane.expectWord('Loading');
    expect(during.filter((name) => /^(T|K_D|T1|TA),/.test(name))).toEqual([]);
    expect(during).toContain('token');
    expect(during).toContain('DATA, octets');
    expect(during.filter((name) => name.startsWith('SN,')).length).toBeGreaterThan(0);

    await expect(lane.word).toHaveText('Unplug', { timeout: 2 * IMPORT_MS });
    const after = await scanAll([...secrets, ...controls]);
    expect(after.filter((name) => /^(T|K_D|T1|TA),/.test(name))).toEqual([]);
    expect(after).toContain('token');
    // Planted in the page, TA is found: the scan would have seen it.
    await page.evaluate((key) => Object.assign(window, { planted: Uint8Array.from(key) }), [...fromHex(FIELD_KEY.key)]);
    expect(await scanAll(secrets)).toContain('TA, octets');
  });
}
