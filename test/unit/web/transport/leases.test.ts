// Two tabs of one browser that compete for one unit.
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { type Channel, Leases } from '#web/transport/leases.ts';
import type { Link } from '#web/transport/link.ts';

interface LockRequest {
  readonly name: string;
  readonly callback: () => unknown;
  readonly resolve: (result: unknown) => void;
}

/** Fakes navigator.locks and a BroadcastChannel, which all tabs of the browser share. */
class Browser {
  readonly #held = new Set<string>();
  #pending: LockRequest[] = [];
  #tabs: { readonly channel: object; readonly listener: (event: MessageEvent) => void }[] = [];

  readonly locks = {
    request: (name: string, ...rest: [{ signal?: AbortSignal } | (() => unknown), (() => unknown)?]) =>
      new Promise((resolve, reject) => {
        const [options, callback] = rest.length === 2 ? rest : [{}, rest[0]];
        const { signal } = options as { signal?: AbortSignal };
        const request = { name, callback: callback as () => unknown, resolve };
        if (signal?.aborted) reject(signal.reason);
        signal?.addEventListener('abort', () => {
          this.#pending = this.#pending.filter((other) => other !== request);
          reject(signal.reason);
        });
        this.#pending.push(request);
        this.#grant();
      }),
    query: async () => ({ held: [...this.#held].map((name) => ({ name })), pending: this.#pending }),
  } as unknown as LockManager;

  tab(page: string, timeout?: () => AbortSignal): Leases {
    const channel: Channel = {
      postMessage: (data: unknown) => {
        for (const tab of this.#tabs) if (tab.channel !== channel) tab.listener({ data } as MessageEvent);
      },
      addEventListener: (_type: string, listener: unknown) => {
        this.#tabs.push({ channel, listener: listener as (event: MessageEvent) => void });
      },
    };
    return new Leases(this.locks, channel, page, timeout);
  }

  #grant(): void {
    for (const request of this.#pending) {
      const { name, callback, resolve } = request;
      if (this.#held.has(name)) continue;
      this.#held.add(name);
      this.#pending = this.#pending.filter((other) => other !== request);
      void Promise.resolve(callback()).then((result) => {
        this.#held.delete(name);
        resolve(result);
        this.#grant();
      });
    }
  }
}

/** A unit that only one handle at a time can open. */
class Unit {
  isOpen = false;
  openCalls = 0;

  link(usbSerialNumber?: string, id = 1): Link {
    return {
      id,
      kind: 'usb',
      label: 'Unit',
      usb: { vendorId: 0x1209, productId: 1 },
      usbSerialNumber,
      open: async () => {
        this.openCalls++;
        if (this.isOpen) throw new ProtocolError('device-busy', 'open elsewhere');
        this.isOpen = true;
        return {
          transmit: () => Promise.reject(new TypeError('not used')),
          lost: new Promise(() => undefined),
          close: async () => {
            this.isOpen = false;
          },
        };
      },
    };
  }
}

const ELSEWHERE = { code: 'unit-elsewhere' };

describe('the leases of two tabs', () => {
  it('report a unit in the other tab as unit-elsewhere, and a unit in another program as device-busy', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    const [a, b] = [browser.tab('a'), browser.tab('b')];
    const open = await a.open(unit.link());
    await expect(b.open(unit.link())).rejects.toMatchObject(ELSEWHERE);
    await open.close();
    unit.isOpen = true;
    await expect(b.open(unit.link())).rejects.toMatchObject({ code: 'device-busy' });
  });

  it('do not open a unit whose serial number the other tab has leased', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    await browser.tab('a').open(unit.link('0007'));
    await expect(browser.tab('b').open(unit.link('0007'))).rejects.toMatchObject(ELSEWHERE);
    expect(unit.openCalls).toBe(1);
    await expect(browser.tab('b').open(new Unit().link('0008'))).resolves.toBeDefined();
  });

  it('open the unit when the other tab releases the unit', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    const [a, b] = [browser.tab('a'), browser.tab('b')];
    const open = await a.open(unit.link());
    a.onRequest((isRequested) => {
      expect(isRequested(unit.link('another'))).toBe(false);
      if (isRequested(unit.link())) void open.close();
    });
    await b.take(unit.link());
    await b.open(unit.link());
    await expect(a.open(unit.link())).rejects.toMatchObject(ELSEWHERE);
  });

  it('open the unit when the other tab missed the first requests', async () => {
    vi.useFakeTimers();
    try {
      const [browser, unit] = [new Browser(), new Unit()];
      const [a, b] = [browser.tab('a'), browser.tab('b')];
      const open = await a.open(unit.link());
      const taking = b.take(unit.link());
      await vi.advanceTimersByTimeAsync(1200);
      expect(unit.isOpen).toBe(true);
      a.onRequest((isRequested) => void (isRequested(unit.link()) && open.close()));
      await vi.advanceTimersByTimeAsync(500);
      await taking;
      await expect(b.open(unit.link())).resolves.toBeDefined();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('show which unit the other tab waits for, until it gives up', async () => {
    const [browser, unit, other] = [new Browser(), new Unit(), new Unit()];
    const a = browser.tab('a');
    await a.open(unit.link('0007'));
    await a.open(other.link('0008', 2));
    const timeout = new AbortController();
    const taking = browser.tab('b', () => timeout.signal).take(unit.link('0007'));
    await vi.waitFor(async () => expect(await a.isRequested(unit.link('0007'))).toBe(true));
    expect(await a.isRequested(other.link('0008', 2))).toBe(false);
    timeout.abort();
    await expect(taking).rejects.toMatchObject(ELSEWHERE);
    expect(await a.isRequested(unit.link('0007'))).toBe(false);
  });

  it('leave the unit to the other tab when this tab does not release the unit in time', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    await browser.tab('a').open(unit.link());
    const timeout = new AbortController();
    const taking = browser.tab('b', () => timeout.signal).take(unit.link());
    timeout.abort();
    await expect(taking).rejects.toMatchObject(ELSEWHERE);
    expect(unit.isOpen).toBe(true);
  });

  it('release the unit when it cannot be opened', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    unit.isOpen = true;
    await expect(browser.tab('a').open(unit.link('0007'))).rejects.toMatchObject({ code: 'device-busy' });
    unit.isOpen = false;
    await expect(browser.tab('b').open(unit.link('0007'))).resolves.toBeDefined();
  });

  it('allow a second unit of the same kind in one tab', async () => {
    const a = new Browser().tab('a');
    await a.open(new Unit().link(undefined, 1));
    await expect(a.open(new Unit().link(undefined, 2))).resolves.toBeDefined();
  });
});
