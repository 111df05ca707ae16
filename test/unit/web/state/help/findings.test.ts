import { describe, expect, it } from 'vitest';
import { MIN_FREE_BYTES } from '#web/journal/storage-quota.ts';
import type { DeviceFacts, Facts } from '#web/state/help/facts.ts';
import { type Finding, findingsOf, summaryOf } from '#web/state/help/findings.ts';
import { ADAPTER, GOOD, PRINTER, UNIT } from './facts-fixture.ts';

const find = (facts: Partial<Facts>): readonly Finding[] => findingsOf({ ...GOOD, ...facts });
/** Returns the codes of the findings, except those of a station without a fault. */
const news = (facts: Partial<Facts>): readonly string[] => {
  const known = find({}).map(({ code }) => code);
  return find(facts)
    .filter(({ code }) => !known.includes(code))
    .map(({ level, code, action }) => `${level} ${code}${action ? `, ${action}` : ''}`);
};
const device = (facts: Partial<DeviceFacts>, of = UNIT): readonly string[] => news({ devices: [{ ...of, ...facts }] });

describe('the findings', () => {
  it('of a station in order are all fine', () => {
    expect(find({}).filter(({ level }) => level !== 'fine')).toEqual([]);
    expect(summaryOf(find({}), GOOD)).toEqual({ devices: 0, others: 0, isReady: true });
  });

  it('have those that need action first, then the advice', () => {
    const levels = find({ devices: [UNIT, PRINTER, ADAPTER], page: { ...GOOD.page, isBroken: true } }).map(
      ({ level }) => level,
    );
    expect(levels.join()).toMatch(/^(needs-action,)+(advice,)+(fine,?)+$/);
  });

  it.each([
    [{ status: 'unread', failure: { code: 'device-busy' } }, ADAPTER, 'needs-action device-failed, retry-device'],
    [{ status: 'unread', failure: { code: 'link-timeout' } }, ADAPTER, 'needs-action device-failed, retry-device'],
    [{ status: 'unread', failure: { code: 'access-denied' } }, UNIT, 'needs-action device-failed, retry-device'],
    [{ status: 'unread', failure: { code: 'link-timeout' } }, UNIT, 'needs-action device-failed, retry-device'],
    [{ status: 'unread', failure: { code: 'link-timeout' } }, PRINTER, 'advice device-not-unit, forget-device'],
    [{ status: 'unread', failure: { code: 'no-interface' } }, PRINTER, 'advice device-not-unit, forget-device'],
    [{ status: 'unread', failure: { code: 'not-a-unit' } }, PRINTER, 'advice device-not-unit, forget-device'],
    [{ status: 'unread', failure: { code: 'link-garbled' } }, PRINTER, 'advice device-not-unit, forget-device'],
    [{ status: 'unread', failure: { code: 'device-busy' } }, PRINTER, 'needs-action device-failed, retry-device'],
    [{ status: 'unread', failure: { code: 'protected-class' } }, PRINTER, 'advice device-barred, forget-device'],
    [{ status: 'unread' }, UNIT, 'advice device-unused, open-station'],
    [{}, PRINTER, 'advice device-barred, forget-device'],
    [{ obstacle: undefined }, PRINTER, 'advice device-not-unit, forget-device'],
    [{ status: 'unused' }, UNIT, 'advice device-unused, open-station'],
    [{ role: 'token', status: 'unused' }, UNIT, 'fine device-token'],
    [{ status: 'reading' }, UNIT, 'fine device-reading'],
    [{ status: 'loading' }, UNIT, 'fine unit-loading'],
    [{ status: 'not-loaded', failure: { code: 'status-word' } }, UNIT, 'needs-action unit-not-loaded, open-station'],
    [{ status: 'unconfirmed', failure: { code: 'device-lost' } }, UNIT, 'needs-action unit-unconfirmed, open-station'],
  ] as const)('of a device: %o of %o is “%s”', (facts, of, finding) => {
    expect(device(facts, of)).toEqual([finding]);
  });

  it('name their area, their device and the failure', () => {
    const failure = { code: 'service-unreachable' } as const;
    const devices = [UNIT, { ...PRINTER, status: 'not-loaded', failure }, ADAPTER] as const;
    const facts = { ...GOOD, devices, service: { is: 'failed', failure } } as const;
    const found = findingsOf({ ...facts, session: { kind: 'none' }, journal: { attempts: 1, open: 1, failure } });
    expect(found.map(({ code, area, device: id, failure: why }) => [code, area, id, why?.code])).toEqual([
      ['unit-not-loaded', 'device', 2, 'service-unreachable'],
      ['device-failed', 'device', 3, 'device-busy'],
      ['service-failed', 'service', undefined, 'service-unreachable'],
      ['journal-failed', 'page', undefined, 'service-unreachable'],
      ['attempts-open', 'page', undefined, undefined],
      ['unit-ready', 'device', 1, undefined],
      ['clocks-agree', 'service', undefined, undefined],
      ['build-current', 'page', undefined, undefined],
      ['interfaces-available', 'page', undefined, undefined],
      ['storage-kept', 'page', undefined, undefined],
      ['self-test-passed', 'page', undefined, undefined],
    ]);
  });

  it('of the AS and the page name their area', () => {
    const areas = (facts: Partial<Facts>) =>
      find(facts).flatMap(({ code, area }) => (area === 'device' ? [] : [`${area} ${code}`]));
    expect(areas({})).toEqual([
      ...['service service-reached', 'service clocks-agree', 'page build-current', 'page interfaces-available'],
      ...['page storage-kept', 'page journal-kept', 'page self-test-passed'],
    ]);
    const page = { isBroken: true, isSuperseded: true, isCutOff: true, hasLostJournal: true };
    expect(areas({ page, selfTest: undefined, session: { kind: 'vault', exportsLeft: 0 } })).toEqual([
      ...['service exports-used', 'page page-broken', 'page page-cut-off', 'page page-superseded'],
      ...['page journal-lost', 'page self-test-due', 'service service-reached', 'service clocks-agree'],
      ...['page build-current', 'page interfaces-available', 'page storage-kept'],
    ]);
  });

  it('of the free space need action below the limit', () => {
    const storage = (freeBytes: number) => ({ storage: { isPersistent: true, isRefused: false, freeBytes } });
    expect(news(storage(MIN_FREE_BYTES))).toEqual([]);
    expect(news(storage(MIN_FREE_BYTES - 1))).toEqual(['needs-action storage-full, check-again']);
  });

  it('name a unit without a transport key', () => {
    const unit = UNIT.unit && ({ ...UNIT.unit, lifecycle: 'blank' } as const);
    expect(device({ unit })).toEqual(['needs-action unit-blank']);
  });

  it('name the failed choice of a device, and the lack of any device', () => {
    const refused = { kind: 'usb', failure: { code: 'no-interface' } } as const;
    expect(news({ devices: [], refused })).toEqual(['needs-action choice-failed, open-station']);
    expect(news({ devices: [] })).toEqual(['advice no-device, open-station']);
  });

  it.each([
    [
      { service: { is: 'failed', failure: { code: 'service-unreachable' } } },
      'needs-action service-failed, check-again',
    ],
    [
      { service: { is: 'failed', failure: { code: 'service-unreachable' } }, session: { kind: 'vault' } },
      'advice service-failed, check-again',
    ],
    [
      { service: { is: 'failed', failure: { code: 'service-unreachable' } }, session: { kind: 'card' } },
      'advice service-failed, check-again',
    ],
    [
      { service: { is: 'reached', ms: 1, comparedAt: undefined, isPinnedRoot: true } },
      'advice service-not-compared, open-station',
    ],
    [
      { service: { is: 'reached', ms: 1, comparedAt: '2026-11-12T08:00:00Z', isPinnedRoot: false } },
      'needs-action service-root-changed, open-station',
    ],
    [{ clock: { offsetMs: -90_000, differs: true } }, 'advice clocks-differ'],
    [{ session: { kind: 'vault', exportsLeft: 3 } }, 'fine exports-left'],
    [{ session: { kind: 'card', exportsLeft: 0 } }, 'needs-action exports-used'],
    [{ page: { ...GOOD.page, isBroken: true } }, 'needs-action page-broken, reload'],
    [{ page: { ...GOOD.page, isCutOff: true } }, 'needs-action page-cut-off, reload'],
    [{ page: { ...GOOD.page, isSuperseded: true } }, 'advice page-superseded, reload'],
    [{ page: { ...GOOD.page, hasLostJournal: true } }, 'advice journal-lost'],
    [{ build: { ...GOOD.build, isServed: false } }, 'advice build-replaced, reload'],
    [{ build: { ...GOOD.build, isServed: undefined } }, 'fine build-unchecked'],
    [{ access: { usb: 'absent', serial: 'available' } }, 'advice interface-missing'],
    [{ access: { usb: 'available', serial: 'blocked' } }, 'advice interface-missing'],
    [{ access: { usb: 'blocked', serial: 'absent' } }, 'needs-action interfaces-missing'],
    [{ storage: { isPersistent: false, isRefused: false, freeBytes: 2e9 } }, 'advice storage-clearable, keep-storage'],
    [{ storage: { isPersistent: false, isRefused: true, freeBytes: 2e9 } }, 'advice storage-refused, keep-storage'],
    [{ storage: { isPersistent: true, isRefused: false, freeBytes: 100 } }, 'needs-action storage-full, check-again'],
    [{ journal: { attempts: 1, open: 0, lostAt: '2026-11-29T08:00:00Z' } }, 'advice journal-lost'],
    [
      { journal: { attempts: 0, open: 0, failure: { code: 'journal-failed' } } },
      'needs-action journal-failed, check-again',
    ],
    [{ journal: { attempts: 3, open: 2 } }, 'advice attempts-open, open-station'],
    [{ selfTest: undefined }, 'advice self-test-due, run-self-test'],
    [{ selfTest: { at: GOOD.at, passed: [], failed: ['Ed25519'] } }, 'needs-action self-test-failed, run-self-test'],
  ] as const)('of the AS and the page: %o is “%s”', (facts, finding) => {
    expect(news(facts)).toEqual([finding]);
  });

  it('name the permission for the local network if the AS did not answer', () => {
    const failed = (localNetwork: PermissionState, code: 'service-timeout' | 'service-nonsense' = 'service-timeout') =>
      news({ service: { is: 'failed', failure: { code }, localNetwork } }).slice(1);
    expect(failed('denied')).toEqual(['needs-action local-network-denied']);
    expect(failed('prompt')).toEqual(['advice local-network-asked']);
    expect(failed('granted')).toEqual([]);
    expect(failed('denied', 'service-nonsense')).toEqual([]);
  });

  it('are counted for the headline, the devices apart', () => {
    const facts = { ...GOOD, devices: [UNIT, ADAPTER], page: { ...GOOD.page, isBroken: true } };
    expect(summaryOf(findingsOf(facts), facts)).toEqual({ devices: 1, others: 1, isReady: false });
  });

  it('promise no load without a sign-in or without a unit', () => {
    for (const change of [{ session: { kind: 'none' } }, { devices: [] }] as const) {
      const facts: Facts = { ...GOOD, ...change };
      expect(summaryOf(findingsOf(facts), facts)).toEqual({ devices: 0, others: 0, isReady: false });
    }
  });
});
