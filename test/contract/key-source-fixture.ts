// What the contract of every KeySource is tested with: the keys that each of them holds, and units on the other side.
import { afterEach, expect } from 'vitest';
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import { ascii, toBase64url } from '#protocol/bytes/text.ts';
import { run } from '#protocol/commands/command.ts';
import { getChallenge } from '#protocol/commands/get-challenge.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { type AttachedUnit, attach } from '#protocol/provisioning/attached-unit.ts';
import type { ExportRequest, KeySource } from '#protocol/provisioning/key-source.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision, settle } from '#protocol/provisioning/provision.ts';
import type { ExportSummary, Step } from '#protocol/provisioning/step.ts';
import { NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import type { SuiteId } from '#protocol/tkl/suites.ts';
import { TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY, type TestUnit } from '../support/units.ts';

/** The AKV are those that a counter from 1 gives to the entries in their order; that of a new T is its TKV. */
export interface HeldEntry {
  readonly ref1: number;
  readonly label: string;
  readonly attributes: string;
  readonly akv: number;
  readonly slot: number;
  /** TA; empty where the entry erases or replaces T. */
  readonly key: Bytes;
}

/** What the AS holds. T and its successor are of the CMAC family. */
export interface Held {
  readonly set: number;
  readonly profile: 'shared' | 'diversified';
  readonly transportKeys: readonly { readonly tkv: number; readonly key: Bytes }[];
  readonly entries: readonly HeldEntry[];
  /** Exports that are left. */
  readonly quota: number;
  /** The SN that it serves. */
  readonly units: readonly Bytes[];
}

export interface MadeSource {
  readonly source: KeySource;
  /** For units that verify SIG; 32 bytes. */
  readonly signatureKey: Bytes;
  /** Ends whatever was opened. */
  end(): Promise<void>;
}

export type MakeSource = (held: Held) => Promise<MadeSource>;

export const TA = sha256(ascii('TA of the contract'));
export const NEXT_TA = sha256(ascii('next TA of the contract'));
export const NEXT_T = sha256(ascii('T of version 2'));
export const STRANGER: Bytes = copy(TEST_SN).fill(0x99, 12);
export const NOTHING: Bytes = concat();

export const KEY: HeldEntry = { ref1: 0x0103, label: 'Data key', attributes: 'D0AB00N', akv: 1, slot: 2, key: TA };
export const ANYWHERE: HeldEntry = {
  ref1: 0x0104,
  label: 'Other key',
  attributes: 'P0AE00N',
  akv: 2,
  slot: 0xffff,
  key: TA.slice(0, 16),
};
export const NEWER: HeldEntry = { ...KEY, ref1: 0x0105, akv: 3, key: NEXT_TA };
export const ERASING: HeldEntry = {
  ref1: 0x0106,
  label: 'Erase slot 2',
  attributes: NO_ATTRIBUTES,
  akv: 4,
  slot: 2,
  key: NOTHING,
};
export const REPLACING: HeldEntry = {
  ref1: 0x0107,
  label: 'New T',
  attributes: TRANSPORT_KEY_ATTRIBUTES,
  akv: 2,
  slot: TRANSPORT_KEY_SLOT,
  key: NOTHING,
};

export const HELD: Held = {
  set: TEST_SET,
  profile: 'diversified',
  transportKeys: [{ tkv: TEST_TKV, key: TEST_TRANSPORT_KEY }],
  entries: [KEY, ANYWHERE, NEWER],
  quota: 10,
  units: [TEST_SN],
};
export const HELD_FOR_CLAUSE_8: Held = {
  ...HELD,
  transportKeys: [...HELD.transportKeys, { tkv: TEST_TKV + 1, key: NEXT_T }],
  entries: [KEY, ANYWHERE, NEWER, ERASING, REPLACING],
};

let orders = 0;

export function order(change: Partial<LoadRequest> = {}): LoadRequest {
  const idempotencyKey = toBase64url(sha256(ascii(`order ${orders++}`)).subarray(0, 16));
  return { ref1: KEY.ref1, ref2: 2, suites: [0x01], sign: false, idempotencyKey, ...change };
}

export async function collect(steps: AsyncGenerator<Step>): Promise<readonly Step[]> {
  const seen: Step[] = [];
  for await (const step of steps) seen.push(step);
  return seen;
}

/** EXPORTKEY for a unit, with a challenge that it just gave. */
export async function requestFrom(device: AttachedUnit, change: Partial<ExportRequest> = {}): Promise<ExportRequest> {
  const suite: SuiteId = change.suite ?? 0x01;
  const { set, tkv, sn } = device.identity;
  const { random, challengeMac } = await run(device.transmit, getChallenge, { suite });
  const { idempotencyKey, ref1, ref2, sign } = order();
  return { set, tkv, sn, suite, random, challengeMac, idempotencyKey, ref1, ref2, sign, ...change };
}

export const code = (expected: string) => expect.objectContaining({ code: expected });
export const last = (steps: readonly Step[]): Step | undefined => steps.at(-1);

export function exportOf(steps: readonly Step[]): ExportSummary {
  const found = steps.find((step) => step.step === 'import-intended');
  if (found?.step !== 'import-intended') throw new Error('nothing was to be imported');
  return found.export;
}

export function makesSources(makeSource: MakeSource): MakeSource {
  const made: MadeSource[] = [];
  afterEach(async () => {
    for (const each of made.splice(0)) await each.end();
  });
  return async (held) => {
    const one = await makeSource(held);
    made.push(one);
    return one;
  };
}

export async function load(source: KeySource, unit: TestUnit, what: LoadRequest) {
  const steps = await collect(provision(source, await attach(unit.transmit), what));
  const imported = steps.find((step) => step.step === 'imported');
  if (imported?.step !== 'imported') throw new Error('nothing was imported');
  return { summary: exportOf(steps), receipt: imported.receiptBytes };
}

/** Imports, but the answer never arrives and power goes; then GET RECEIPT proves that it is in. */
export async function expectSettled(source: KeySource, unit: TestUnit, what: LoadRequest): Promise<void> {
  const cut = new Error('the cable was pulled');
  let summary: ExportSummary | undefined;
  const device = await attach(async (command) => {
    const answer = await unit.transmit(command);
    if (command[1] === 0xd8) throw cut;
    return answer;
  });
  const steps = provision(source, device, what);
  const running = async () => {
    for await (const step of steps) if (step.step === 'import-intended') summary = step.export;
  };
  await expect(running()).rejects.toBe(cut);
  if (summary === undefined) throw new Error('nothing was to be imported');
  const settled = await collect(settle(source, await attach(unit.powerCycle().transmit), summary));
  expect(settled.map(({ step }) => step)).toEqual(['imported', 'verified']);
}
