// Each finding has words: a title, then what to do, then why, in short sentences.
import { describe, expect, it } from 'vitest';
import type { Facts } from '#web/state/help/facts.ts';
import { type Finding, findingsOf, summaryOf } from '#web/state/help/findings.ts';
import { findingWords, summaryWords } from '#web/ui/help/finding-words.ts';
import { ADAPTER, GOOD, PRINTER, UNIT } from '../../state/help/facts-fixture.ts';

const MAX_WORDS = 15;

const failure = { code: 'device-busy' } as const;
const blank = UNIT.unit && ({ ...UNIT.unit, lifecycle: 'blank' } as const);
/** Facts that together lead to every finding. */
const ALL: readonly Partial<Facts>[] = [
  {},
  { devices: [], selfTest: undefined, build: { ...GOOD.build, isServed: undefined } },
  {
    devices: [
      ADAPTER,
      PRINTER,
      { ...PRINTER, obstacle: undefined },
      { ...UNIT, role: 'token' },
      { ...UNIT, unit: blank },
      { ...UNIT, status: 'unused' },
      { ...UNIT, status: 'reading' },
      { ...UNIT, status: 'loading' },
      { ...UNIT, status: 'not-loaded', failure },
      { ...UNIT, status: 'unconfirmed', failure },
    ],
    refused: { kind: 'usb', failure },
    page: { isBroken: true, isSuperseded: true, isCutOff: true, hasLostJournal: true },
    build: { ...GOOD.build, isServed: false },
    access: { usb: 'absent', serial: 'absent' },
    service: { is: 'failed', failure: { code: 'service-unreachable' } },
    clock: { offsetMs: 90_000, differs: true },
    session: { kind: 'vault', exportsLeft: 0 },
    storage: { isPersistent: false, isRefused: true, freeBytes: 5e6 },
    journal: { attempts: 1, open: 2, lostAt: GOOD.at },
    selfTest: { at: GOOD.at, passed: [], failed: ['storage'] },
  },
  {
    service: { is: 'reached', ms: 5, comparedAt: undefined, isPinnedRoot: true },
    session: { kind: 'card', exportsLeft: 2 },
    access: { usb: 'available', serial: 'blocked' },
    storage: { isPersistent: false, isRefused: false, freeBytes: undefined },
    journal: { attempts: 0, open: 1, failure: { code: 'journal-failed' } },
  },
  { service: { is: 'failed', failure: { code: 'service-timeout' }, localNetwork: 'denied' } },
  { service: { is: 'failed', failure: { code: 'service-timeout' }, localNetwork: 'prompt' } },
  {
    service: { is: 'reached', ms: 5, comparedAt: GOOD.at, isPinnedRoot: false },
    access: { usb: 'absent', serial: 'available' },
    storage: { isPersistent: true, isRefused: false, freeBytes: 1 },
  },
];

const cases: readonly (readonly [Facts, Finding])[] = ALL.flatMap((change) => {
  const facts: Facts = { ...GOOD, ...change };
  return findingsOf(facts).map((finding) => [facts, finding] as const);
});

describe('the words of a finding', () => {
  it.each(cases.map(([facts, finding]) => [finding.code, facts, finding] as const))(
    'say of %s what to do and why',
    (_, facts, finding) => {
      const device = facts.devices.find(({ id }) => id === finding.device);
      const { title, remedy, text } = findingWords(finding, facts, device?.label);
      expect(title).not.toBe('');
      expect(title).not.toMatch(/[.:]$/);
      if (finding.level === 'needs-action') expect(remedy).toMatch(/^[A-Z].*[^.]$/);
      expect(text).toMatch(/\.$/);
      const sentences = [...(remedy ?? '').split(/[.;]\s/), ...text.split(/[.;:?]\s/)];
      for (const sentence of sentences) expect(sentence.split(/\s+/).length, sentence).toBeLessThanOrEqual(MAX_WORDS);
    },
  );

  it('name the administrator where only the administrator can act', () => {
    const facts: Facts = { ...GOOD, devices: [{ ...UNIT, status: 'unread', failure: { code: 'access-denied' } }] };
    const [finding] = findingsOf(facts);
    const words = finding && findingWords(finding, facts, 'Unit');
    expect(words?.helper).toBe('administrator');
    expect(words?.lines?.text).toContain('ID_MM_DEVICE_IGNORE');
  });

  it.each([true, false, undefined])('say of a build that its server offers it, not the AS (%s)', (isServed) => {
    const facts: Facts = { ...GOOD, build: { ...GOOD.build, isServed } };
    const finding = findingsOf(facts).find(({ code }) => code.startsWith('build-'));
    const text = finding && findingWords(finding, facts).text;
    expect(text).toMatch(/server of this page|its server offers/);
    expect(text).not.toContain('AS');
  });

  it('say who blocks an interface', () => {
    const facts: Facts = { ...GOOD, access: { usb: 'available', serial: 'blocked' } };
    const finding = findingsOf(facts).find(({ code }) => code === 'interface-missing');
    expect(finding && findingWords(finding, facts).title).toBe('A policy blocks serial ports');
  });
});

describe('the headline', () => {
  const headline = (change: Partial<Facts>): string => {
    const facts: Facts = { ...GOOD, ...change };
    const { title, text } = summaryWords(summaryOf(findingsOf(facts), facts), facts);
    return `${title}. ${text}`;
  };

  it('says what needs action', () => {
    const broken = { page: { ...GOOD.page, isBroken: true } };
    expect(headline({})).toBe('Ready to load keys. No fault was found.');
    expect(headline({ devices: [ADAPTER] })).toBe('One device needs you. No other fault was found.');
    expect(headline({ devices: [ADAPTER, { ...ADAPTER, id: 4 }] })).toBe(
      '2 devices need you. No other fault was found.',
    );
    expect(headline(broken)).toBe('One fault needs you. Begin at the top of each list.');
    expect(headline({ devices: [ADAPTER], ...broken })).toBe('2 faults need you. Begin at the top of each list.');
  });

  it('says the next step where no key can be loaded yet', () => {
    expect(headline({ session: { kind: 'none' } })).toBe('No fault was found. Sign in at the station to load keys.');
    expect(headline({ devices: [] })).toBe('No fault was found. Attach a unit at the station to load keys.');
  });
});
