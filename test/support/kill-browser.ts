// Kills a browser with SIGKILL, as an out-of-memory killer does: the browser writes nothing more.
import type { BrowserContext } from '@playwright/test';

/**
 * Prepares to kill the browser of a persistent context.
 * @returns a function that kills the browser process and resolves when Playwright is disconnected
 */
export async function armKill(context: BrowserContext): Promise<() => Promise<void>> {
  const browser = context.browser();
  if (!browser) throw new Error('Playwright gives no browser for this context');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const main = processInfo.find(({ type }) => type === 'browser');
  if (!main) throw new Error('the browser does not report its process');
  const gone = new Promise<void>((resolve) => browser.once('disconnected', () => resolve()));
  return () => {
    process.kill(main.id, 'SIGKILL');
    return gone;
  };
}
