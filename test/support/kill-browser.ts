// The end of a browser as a power cut or an out-of-memory killer makes it: its own process gets SIGKILL, and nothing is written any more.
import type { BrowserContext } from '@playwright/test';

/** @param context a persistent one; how to kill it, at once and from anywhere: resolves when it is gone */
export async function armKill(context: BrowserContext): Promise<() => Promise<void>> {
  const browser = context.browser();
  if (!browser) throw new Error('this Playwright has no browser behind a persistent context');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const main = processInfo.find(({ type }) => type === 'browser');
  if (!main) throw new Error('the browser does not name its process');
  const gone = new Promise<void>((resolve) => browser.once('disconnected', () => resolve()));
  return () => {
    process.kill(main.id, 'SIGKILL');
    return gone;
  };
}
