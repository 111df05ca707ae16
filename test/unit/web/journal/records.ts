// Example records of an attempt and its steps.
import type { ExportSummary } from '#protocol/provisioning/step.ts';
import type { NewAttempt, StepBody } from '#web/journal/attempt.ts';

export const ATTEMPT: NewAttempt = {
  link: 'usb',
  sn: '00112233445566778899AABBCCDDEEFF',
  set: 0xba7c,
  tkv: 1,
  profile: 'diversified',
  ref1: 7,
  ref2: 2,
  keyLabel: 'Meter key',
  akv: 3,
  kcv: '0123456789',
  operator: 'Ada',
  service: 'https://as.example',
  demo: false,
  idempotencyKey: 'AAAAAAAAAAAAAAAAAAAAAA',
};

export const SUMMARY: ExportSummary = {
  exportId: 'export-1',
  dataHash: new Uint8Array(32),
  suite: 1,
  tkv: 1,
  sn: new Uint8Array(16),
  ref1: 7,
  ref2: 2,
  akv: 3,
  xc: 9,
  asNumber: 0,
};

export const RECEIPT = new Uint8Array(64).fill(0x5a);

/** The steps of a successful load, in order. */
export const STEPS: readonly StepBody[] = [
  { step: 'challenge', state: 'intended', suite: 1 },
  { step: 'export', state: 'intended', suite: 1 },
  { step: 'export', state: 'confirmed', export: SUMMARY },
  { step: 'import', state: 'intended' },
  { step: 'import', state: 'confirmed', receipt: RECEIPT },
  { step: 'verify', state: 'confirmed', verdict: '{}', time: '2026-01-02T03:04:05Z' },
];

export const INTERRUPTION: StepBody = { step: 'interruption', state: 'confirmed' };
export const NOT_IMPORTED: StepBody = { step: 'not-imported', state: 'confirmed' };

export function refused(command: string, statusWord: number): StepBody {
  return { step: 'failure', state: 'confirmed', failure: { code: 'status-word', command, statusWord } };
}

export const LOST: StepBody = { step: 'failure', state: 'confirmed', failure: { code: 'device-lost' } };
