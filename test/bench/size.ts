// Benchmark 9, size: the number of bytes that the page loads from a real service until the first
// key is in a unit.
import type { Browser } from '@playwright/test';
import { compressedSize, firstKeyBytes } from '#test/e2e/support/first-key.ts';
import { Service } from '#test/e2e/support/service.ts';
import { type Row, row } from './row.ts';

const KB = 1000;

export async function size(browser: Browser): Promise<Row[]> {
  const service = await Service.start();
  try {
    const context = await browser.newContext();
    const all = await firstKeyBytes(await context.newPage(), service);
    await context.close();
    return [
      row(9, 'first request, brotli', compressedSize('/') / KB, 14.3, 'kB', 1),
      row(9, 'everything loaded for one key, brotli', all / KB, 60, 'kB', 1),
    ];
  } finally {
    await service.stop();
  }
}
