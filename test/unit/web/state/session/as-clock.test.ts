// The page uses the time of the AS. It computes this time from the answers of the AS. The time is
// still correct after the computer has slept and while there is no network.
import { describe, expect, it } from 'vitest';
import { jsonAnswer, KEYS, problem } from '#test/unit/web/as-client/fake-as.ts';
import { signedIn } from '#test/unit/web/as-client/remote-as-fixture.ts';
import { RemoteAs } from '#web/as-client/remote-as.ts';
import { AsClock } from '#web/state/session/as-clock.svelte.ts';

const DAY = 86_400_000;
const NOON = Date.parse('2026-11-29T12:00:00Z');

/** Simulates a computer whose clock is `behind` milliseconds behind that of the AS. */
function computer(behind = 0, stored = new Map<string, string>()) {
  const clocks = { wall: NOON - behind, ticks: 5_000 };
  const settings = {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, value: string) => void stored.set(name, value),
  };
  const clock = new AsClock({ wall: () => clocks.wall, ticks: () => clocks.ticks, settings });
  const pass = (ms: number): void => {
    clocks.wall += ms;
    clocks.ticks += ms;
  };
  return { clock, clocks, pass, stored };
}

describe('the time of the AS', () => {
  it('is the time of the computer until an answer shows a difference', () => {
    const { clock } = computer();
    expect(clock.now().getTime()).toBe(NOON);
    expect(clock.differs).toBe(false);
  });

  it.each([DAY, -DAY, 3_600_000, -61_000, 61_000])(
    'is corrected by an answer when the clock of the computer is %i ms off',
    (behind) => {
      const { clock, pass } = computer(behind);
      clock.setAsTime(NOON);
      expect(clock.now().getTime()).toBe(NOON);
      expect(clock.offsetMs).toBe(behind);
      expect(clock.differs).toBe(true);
      pass(10_000);
      expect(clock.now().getTime()).toBe(NOON + 10_000);
    },
  );

  it('is not corrected for differences below one second, because the header has whole seconds', () => {
    const { clock } = computer();
    clock.setAsTime(NOON + 700);
    clock.setAsTime(NOON - 900);
    expect(clock.now().getTime()).toBe(NOON);
    expect(clock.offsetMs).toBe(0);
  });

  it('does not follow a computer clock that is set back, and continues while the computer sleeps', () => {
    const { clock, clocks } = computer();
    clock.setAsTime(NOON);
    clocks.ticks += 60_000;
    clocks.wall -= DAY;
    expect(clock.now().getTime()).toBe(NOON + 60_000);
    clocks.wall += DAY + 8 * 3_600_000;
    expect(clock.now().getTime()).toBe(NOON + 8 * 3_600_000);
    clock.setAsTime(NOON + 8 * 3_600_000 + 5_000);
    expect(clock.now().getTime()).toBe(NOON + 8 * 3_600_000 + 5_000);
  });

  it('is available without a network from the last known difference', () => {
    const { clock, stored } = computer(DAY);
    clock.setAsTime(NOON);
    const { clock: later, pass } = computer(DAY, stored);
    expect(later.differs).toBe(true);
    pass(7_000);
    expect(later.now().getTime()).toBe(NOON + 7_000);
    const damaged = computer(0, new Map([['keyferry.clock', 'x']]));
    expect(damaged.clock.now().getTime()).toBe(NOON);
  });
});

describe('the time in an answer', () => {
  it('is read from answers of the AS only, and not from those of a server in between', async () => {
    const { service, trust } = await signedIn();
    const times: number[] = [];
    const { subtle } = globalThis.crypto;
    const options = { fetch: service.fetch, baseUrl: () => 'https://as.example', subtle, trust, retryPausesMs: [] };
    const as = new RemoteAs({ ...options, onTime: (ms) => void times.push(ms) });
    const dated = (answer: Response): Response => {
      answer.headers.set('date', 'Sun, 29 Nov 2026 12:00:00 GMT');
      return answer;
    };
    await as.signIn('kf_anAccessCode');
    expect(times).toEqual([]); // these answers have no date
    for (const answer of [() => dated(jsonAnswer(KEYS)), () => dated(problem('quota-used'))]) {
      service.instead['/v1/keys'] = answer;
      await as.keys().catch(() => undefined);
    }
    expect(times).toEqual([NOON + 500, NOON + 500]);
    const html = new Response('<p>', { status: 200, headers: { 'content-type': 'text/html' } });
    service.instead['/v1/keys'] = () => dated(html);
    await expect(as.keys()).rejects.toMatchObject({ code: 'not-the-as' });
    expect(times).toHaveLength(2);
  });
});
