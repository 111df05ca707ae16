// The message catalog is loaded when the first failure needs it. Every failure has a message, even
// without the catalog.
import { afterEach, describe, expect, it, vi } from 'vitest';

const REFUSED = { code: 'challenge-refused' } as const;
const LINUX = { platform: 'linux' } as const;

afterEach(() => {
  vi.useRealTimers();
  vi.doUnmock('#web/ui/messages/failures.ts');
  vi.resetModules();
});

describe('the message catalog', () => {
  it('is loaded at the first failure, and then explains the failure', async () => {
    const { explain, loadCatalog } = await import('#web/ui/messages/catalog.svelte.ts');
    expect(explain(REFUSED, LINUX).remedy).toBe('Wait a moment');
    await loadCatalog();
    expect(explain(REFUSED, LINUX).remedy).toBe('Set this unit aside and tell your administrator');
  });

  it('is replaced by fallback messages when it cannot be loaded, and is requested again', async () => {
    let isAway = true;
    const words = await vi.importActual<object>('#web/ui/messages/failures.ts');
    vi.doMock('#web/ui/messages/failures.ts', () => {
      if (isAway) throw new TypeError('Failed to fetch dynamically imported module');
      return words;
    });
    const { explain, loadCatalog } = await import('#web/ui/messages/catalog.svelte.ts');
    await loadCatalog();
    expect(explain(REFUSED, LINUX).remedy).toMatch(/check the network, then reload/);
    expect(explain({ code: 'service-unreachable' }, LINUX).title).toBe('The AS cannot be reached from here.');
    await loadCatalog();
    isAway = false;
    await loadCatalog();
    expect(explain(REFUSED, LINUX).remedy).toBe('Set this unit aside and tell your administrator');
  });

  it('is replaced by fallback messages after two seconds without a response', async () => {
    let arrive: (words: object) => void = () => undefined;
    const words = await vi.importActual<object>('#web/ui/messages/failures.ts');
    vi.doMock('#web/ui/messages/failures.ts', () => new Promise<object>((resolve) => (arrive = resolve)));
    const { explain, loadCatalog } = await import('#web/ui/messages/catalog.svelte.ts');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    expect(explain({ code: 'service-unreachable' }, LINUX).remedy).toBe('Check the network');
    expect(explain(REFUSED, LINUX).remedy).toBe('Wait a moment');
    vi.advanceTimersByTime(2_000);
    expect(explain(REFUSED, LINUX).remedy).toMatch(/check the network, then reload/);
    vi.useRealTimers();
    await vi.waitFor(() => {
      arrive(words);
      expect(explain(REFUSED, LINUX).remedy).toBe('Set this unit aside and tell your administrator');
    });
    await loadCatalog();
  });
});
