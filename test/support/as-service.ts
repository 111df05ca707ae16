// Opens the service in a temporary folder and calls it without a socket. Makes the requests and
// receipts of a unit of the test set.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { type AppOptions, createApp } from '#as-service/api/app.ts';
import { parseLongBody } from '#as-service/api/routes/long-bodies.ts';
import type { AuditEntry } from '#as-service/audit-log/audit-line.ts';
import { type LogFile, openLogFile } from '#as-service/audit-log/log-file.ts';
import { addOperator, issueAccessCode } from '#as-service/operators/operators.ts';
import { As, LOG_FILE } from '#as-service/service/as.ts';
import { addKey, addSet, type NewSet } from '#as-service/sets/sets.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { ProblemJson, Role } from '#protocol/service/messages.ts';
import { PROBLEM_BASE } from '#protocol/service/problem.ts';
import type { ExportRequestJson } from '#protocol/service/requests.ts';
import { keyCheckValue, NO_KCV } from '#protocol/tkl/body.ts';
import { challengeMac, deriveChallengeKey } from '#protocol/tkl/challenge.ts';
import { decodeHeader, isErasing } from '#protocol/tkl/header.ts';
import { deriveDeviceKey, deriveKey, deriveOperationKeys, operationContext } from '#protocol/tkl/key-tree.ts';
import { sealReceipt } from '#protocol/tkl/receipt.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import type { PasswordKey } from '#protocol/vault/passphrase.ts';

export const SEALING_KEY = new Uint8Array(32).fill(0x5e);

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'kf-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface OpenTestAsOptions {
  readonly demoMode?: boolean;
  readonly now?: () => Date;
  readonly logFile?: LogFile;
  readonly sealingKey?: Uint8Array;
  readonly acceptClock?: boolean;
  /** Derives the keys of vaults; Argon2id by default. */
  readonly derive?: PasswordKey;
}

export async function openTestAs(directory: string, options: OpenTestAsOptions = {}): Promise<As> {
  return As.open({
    directory,
    sealer: new Sealer(copy(options.sealingKey ?? SEALING_KEY)),
    logFile: options.logFile ?? (await openLogFile(join(directory, LOG_FILE))),
    demoMode: options.demoMode ?? false,
    now: options.now ?? (() => new Date()),
    acceptClock: options.acceptClock ?? false,
    ...(options.derive === undefined ? {} : { derive: options.derive }),
  });
}

export const TEST_SET = 0x0000ba7c;
/** T and TA have 32 different bytes each, so that a search for one of them finds nothing else. */
export const TEST_T = Uint8Array.from({ length: 32 }, (_, i) => 0x41 + ((i * 7) % 61));
export const TEST_TA = Uint8Array.from({ length: 32 }, (_, i) => 0x61 + ((i * 11) % 53));
export const TEST_SN = '00000000000000004549000000000007';

export const NEW_SET: NewSet = {
  set: TEST_SET,
  name: 'Test set',
  profile: 'diversified',
  family: 'cmac',
  tkv: 1,
  transportKey: TEST_T,
  units: null,
  quotaPerUnit: null,
};

/** Adds one set with two keys: REF1 0103 for slot 2, REF1 0104 for any slot. */
export async function fillTestAs(as: As, set: Partial<NewSet> = {}): Promise<void> {
  await addSet(as, 'test', { ...NEW_SET, ...set });
  const number = set.set ?? TEST_SET;
  const key = { set: number, attributes: 'D0AB00N', length: 32 };
  await addKey(as, 'test', { ...key, ref1: 0x0103, label: 'Data key', slot: 2, key: TEST_TA });
  await addKey(as, 'test', { ...key, ref1: 0x0104, label: 'Other key', slot: 0xffff, key: undefined });
}

export interface OperatorLimits {
  readonly sets?: readonly number[];
  readonly quota?: number;
  readonly ordersOnly?: boolean;
}

/** Adds an operator and returns the access code. */
export async function addTestOperator(
  as: As,
  name: string,
  role: Role = 'operator',
  limits: OperatorLimits = {},
): Promise<string> {
  const { sets = null, quota = null, ordersOnly = false } = limits;
  await addOperator(as, 'test', { name, role, sets, quota, ordersOnly, embedded: false });
  return (await issueAccessCode(as, 'test', name, { hours: 8, replace: false })).code;
}

export function createTestApp(as: As, options: Partial<AppOptions> = {}): Hono {
  return createApp({
    as,
    files: { hasPage: false, answer: () => undefined },
    origins: () => ['http://localhost'],
    pageOrigins: [],
    exportRate: { burst: 1e6, perMinute: 1e6 },
    signInRate: { burst: 10, perMinute: 10 },
    parseLong: async (kind, body) => parseLongBody(kind, body),
    report: (cause) => {
      throw cause;
    },
    ...options,
  });
}

export async function openFilledAs(options: OpenTestAsOptions = {}): Promise<[As, TemporaryFolder]> {
  const folder = await temporaryFolder();
  const as = await openTestAs(folder.path, options);
  await fillTestAs(as);
  return [as, folder];
}

/** A service in a temporary folder, with the test set and no operator. */
export class ServiceSetup {
  as: As;
  app: Hono;
  readonly #folder: TemporaryFolder;

  static async open(options: OpenTestAsOptions = {}): Promise<ServiceSetup> {
    return new ServiceSetup(...(await openFilledAs(options)));
  }

  protected constructor(as: As, folder: TemporaryFolder) {
    this.as = as;
    this.app = createTestApp(as);
    this.#folder = folder;
  }

  /** Path of a file in the data folder. */
  path(name: string): string {
    return join(this.#folder.path, name);
  }

  /** Restarts the service. */
  async reopen(options: OpenTestAsOptions = {}): Promise<void> {
    await this.as.close();
    this.as = await openTestAs(this.#folder.path, options);
    this.app = createTestApp(this.as);
  }

  async close(): Promise<void> {
    await this.as.close();
    await this.#folder.remove();
  }

  addOperator(name: string, role?: Role, limits?: OperatorLimits): Promise<string> {
    return addTestOperator(this.as, name, role, limits);
  }

  call(token: string | undefined, path: string, body?: unknown, headers?: RequestHeaders): Promise<Response> {
    return call(this.app, token, path, body, headers);
  }

  json<Answer>(token: string, path: string, body?: unknown, headers?: RequestHeaders): Promise<Answer> {
    return callJson<Answer>(this.app, token, path, body, headers);
  }

  /**
   * Returns the code of the problem that the service answers with; the empty string for any other
   * response.
   */
  async problem(token: string | undefined, path: string, body?: unknown): Promise<string> {
    return (await refusalOf(this.call(token, path, body)))[0];
  }

  /** Returns all entries of the audit log, or those with one event. */
  async events(event?: string): Promise<AuditEntry[]> {
    const records = await this.as.log.read(1, this.as.log.head.sequence);
    return records.map(({ entry }) => entry).filter((entry) => event === undefined || entry.event === event);
  }
}

/** Returns code and detail of a problem; empty strings for any other response. */
export async function refusalOf(response: Response | Promise<Response>): Promise<readonly [string, string]> {
  const { type = '', detail = '' } = (await (await response).json()) as Partial<ProblemJson>;
  return [type.replace(PROBLEM_BASE, ''), detail];
}

type RequestHeaders = Readonly<Record<string, string>>;

export async function call(
  app: Hono,
  token: string | undefined,
  path: string,
  body?: unknown,
  headers: RequestHeaders = {},
): Promise<Response> {
  return app.request(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Returns the JSON of the response, even if the response is a problem. */
export async function callJson<Answer>(
  app: Hono,
  token: string,
  path: string,
  body?: unknown,
  headers?: RequestHeaders,
): Promise<Answer> {
  return (await (await call(app, token, path, body, headers)).json()) as Answer;
}

/**
 * Returns an export request of the page for a unit of the set, with a new random number and its
 * CHM.
 */
export function exportRequest(
  change: Partial<ExportRequestJson> = {},
  transportKey: Uint8Array = TEST_T,
): ExportRequestJson {
  const { set = TEST_SET, tkv = 1, suite = 1, sn = TEST_SN, random = toBase64url(randomBytes(16)) } = change;
  const unit = { set, tkv, sn: Buffer.from(sn, 'hex') };
  const deviceKey = deriveDeviceKey(SUITES[suite].family, transportKey, unit);
  const mac = challengeMac(deriveChallengeKey(suite, deviceKey, unit), { suite, unit, random: fromBase64url(random) });
  return {
    set,
    tkv,
    suite,
    sign: false,
    random,
    ref1: 0x0103,
    ref2: 2,
    sn,
    challengeMac: toBase64url(mac),
    idempotencyKey: toBase64url(randomBytes(16)),
    ...change,
  };
}

/** Returns the receipt of a unit for an import, in base64url. */
export function receiptFor(
  data: string,
  random: string,
  {
    key = TEST_TA,
    transportKey = TEST_T,
    importCounter = 1,
    ref2 = 2,
  }: { key?: Uint8Array; transportKey?: Uint8Array; importCounter?: number; ref2?: number } = {},
): string {
  const bytes = fromBase64url(data);
  const header = decodeHeader(bytes);
  const { family } = SUITES[header.suite];
  const context = operationContext(bytes.subarray(0, 48), fromBase64url(random));
  const t1 = deriveKey(family, deriveDeviceKey(family, transportKey, header), 'TKL1OPK', context);
  const receipt = sealReceipt(
    {
      ...header,
      sn: copy(header.sn),
      ref2,
      kcv: isErasing(header) ? NO_KCV : keyCheckValue(header.attributes, key),
      importCounter,
    },
    deriveOperationKeys(family, t1, context),
    sha256(bytes),
  );
  return toBase64url(receipt);
}

/** Returns the encodings in which a secret might appear in a text or file. */
export function spellings(secret: Uint8Array): Buffer[] {
  const hex = toHex(secret);
  return [
    Buffer.from(secret),
    Buffer.from(hex),
    Buffer.from(hex.toLowerCase()),
    Buffer.from(Buffer.from(secret).toString('base64').replace(/=+$/, '')),
    Buffer.from(toBase64url(secret)),
  ];
}
