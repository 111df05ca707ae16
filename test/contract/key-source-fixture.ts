// Setup for the key source contract: the content that every AS under test has, and functions that
// load keys into simulated units.
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
import { TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY, type TestUnit } from '#test/support/units.ts';

/**
 * A key entry. The AKV is the position of the entry, from 1. For a new T, the AKV is the new TKV.
 */
export interface SourceEntry {
  readonly ref1: number;
  readonly label: string;
  readonly attributes: string;
  readonly akv: number;
  readonly slot: number;
  /** TA; empty in an entry that erases a slot or replaces T. */
  readonly key: Bytes;
}

/** The content of the AS. Every version of T belongs to the CMAC family. */
export interface SourceContent {
  readonly set: number;
  readonly profile: 'shared' | 'diversified';
  readonly transportKeys: readonly { readonly tkv: number; readonly key: Bytes }[];
  readonly entries: readonly SourceEntry[];
  /** Number of exports left. */
  readonly quota: number;
  /** SNs of the units that the AS serves. */
  readonly units: readonly Bytes[];
}

export interface SourceSetup {
  readonly source: KeySource;
  /** Public key that verifies SIG, 32 bytes. */
  readonly signatureKey: Bytes;
  /** Closes the source and its AS. */
  end(): Promise<void>;
}

export type CreateSource = (content: SourceContent) => Promise<SourceSetup>;

const TA = sha256(ascii('TA of the contract'));
export const NEXT_TA = sha256(ascii('next TA of the contract'));
export const NEXT_T = sha256(ascii('T of version 2'));
export const OTHER_SN: Bytes = copy(TEST_SN).fill(0x99, 12);
const NOTHING: Bytes = concat();

export const KEY: SourceEntry = { ref1: 0x0103, label: 'Data key', attributes: 'D0AB00N', akv: 1, slot: 2, key: TA };
export const ANYWHERE: SourceEntry = {
  ref1: 0x0104,
  label: 'Other key',
  attributes: 'P0AE00N',
  akv: 2,
  slot: 0xffff,
  key: TA.slice(0, 16),
};
export const NEWER: SourceEntry = { ...KEY, ref1: 0x0105, akv: 3, key: NEXT_TA };
export const ERASING: SourceEntry = {
  ref1: 0x0106,
  label: 'Erase slot 2',
  attributes: NO_ATTRIBUTES,
  akv: 4,
  slot: 2,
  key: NOTHING,
};
export const REPLACING: SourceEntry = {
  ref1: 0x0107,
  label: 'New T',
  attributes: TRANSPORT_KEY_ATTRIBUTES,
  akv: 2,
  slot: TRANSPORT_KEY_SLOT,
  key: NOTHING,
};

export const CONTENT: SourceContent = {
  set: TEST_SET,
  profile: 'diversified',
  transportKeys: [{ tkv: TEST_TKV, key: TEST_TRANSPORT_KEY }],
  entries: [KEY, ANYWHERE, NEWER],
  quota: 10,
  units: [TEST_SN],
};
export const CONTENT_FOR_CLAUSE_8: SourceContent = {
  ...CONTENT,
  transportKeys: [...CONTENT.transportKeys, { tkv: TEST_TKV + 1, key: NEXT_T }],
  entries: [KEY, ANYWHERE, NEWER, ERASING, REPLACING],
};

let requests = 0;

/** Returns a request to load KEY, with a new idempotency key. */
export function loadRequest(change: Partial<LoadRequest> = {}): LoadRequest {
  const idempotencyKey = toBase64url(sha256(ascii(`request ${requests++}`)).subarray(0, 16));
  return { ref1: KEY.ref1, ref2: 2, suites: [0x01], sign: false, idempotencyKey, ...change };
}

export async function collect(steps: AsyncGenerator<Step>): Promise<readonly Step[]> {
  const seen: Step[] = [];
  for await (const step of steps) seen.push(step);
  return seen;
}

/** Gets a new challenge from the unit. Returns an export request for it. */
export async function exportRequestFor(
  unit: AttachedUnit,
  change: Partial<ExportRequest> = {},
): Promise<ExportRequest> {
  const suite: SuiteId = change.suite ?? 0x01;
  const { set, tkv, sn } = unit.identity;
  const { random, challengeMac } = await run(unit.transmit, getChallenge, { suite });
  const { idempotencyKey, ref1, ref2, sign } = loadRequest();
  return { set, tkv, sn, suite, random, challengeMac, idempotencyKey, ref1, ref2, sign, ...change };
}

export const code = (expected: string) => expect.objectContaining({ code: expected });
export const last = (steps: readonly Step[]): Step | undefined => steps.at(-1);

function exportOf(steps: readonly Step[]): ExportSummary {
  const found = steps.find((step) => step.step === 'import-intended');
  if (found?.step !== 'import-intended') throw new Error('the load ended before the import');
  return found.export;
}

/** Wraps `createSource` so that every source is closed after the test that created it. */
export function endAfterEach(createSource: CreateSource): CreateSource {
  const open: SourceSetup[] = [];
  afterEach(async () => {
    for (const setup of open.splice(0)) await setup.end();
  });
  return async (content) => {
    const setup = await createSource(content);
    open.push(setup);
    return setup;
  };
}

export async function load(source: KeySource, unit: TestUnit, request: LoadRequest) {
  const steps = await collect(provision(source, await attach(unit.transmit), request));
  const imported = steps.find((step) => step.step === 'imported');
  if (imported?.step !== 'imported') throw new Error('the load ended without an import');
  return { summary: exportOf(steps), receipt: imported.receiptBytes };
}

/**
 * Loads a key. The response to IMPORTKEY is lost, and the unit loses power. Expects that the load
 * can be settled afterwards.
 */
export async function expectSettled(source: KeySource, unit: TestUnit, request: LoadRequest): Promise<void> {
  const cut = new Error('the cable was pulled');
  let summary: ExportSummary | undefined;
  const attached = await attach(async (command) => {
    const response = await unit.transmit(command);
    if (command[1] === 0xd8) throw cut;
    return response;
  });
  const steps = provision(source, attached, request);
  const running = async () => {
    for await (const step of steps) if (step.step === 'import-intended') summary = step.export;
  };
  await expect(running()).rejects.toBe(cut);
  if (summary === undefined) throw new Error('the load ended before the import');
  const settled = await collect(settle(source, await attach(unit.powerCycle().transmit), summary));
  expect(settled.map(({ step }) => step)).toEqual(['imported', 'verified']);
}
