// The page's KeySource for a vault: sends requests to the vault's worker (messages.ts). Terminates
// a worker that fails or times out, which also frees all keys in its memory.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type {
  ExportedKey,
  ExportRequest,
  KeySource,
  RecalledExport,
  Verdict,
} from '#protocol/provisioning/key-source.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { LockReason, Opener, ResponseMessage, VaultRequest, VaultResponses, VaultStatus } from './messages.ts';

/** A created passkey, with the output of its PRF (as-client/passkeys.ts). */
interface NewPasskey {
  readonly credential: Uint8Array;
  readonly salt: Uint8Array;
  readonly output: Bytes;
}

/** The members of Worker that the client uses. */
export interface VaultWorker {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<ResponseMessage>) => unknown) | null;
  onerror: ((event: ErrorEvent) => unknown) | null;
  terminate(): void;
}

/** Long enough for the highest permitted Argon2id cost on a slow phone. */
const UNLOCK_TIMEOUT_MS = 180_000;
const TIMEOUT_MS = 15_000;

interface PendingRequest {
  resolve(response: VaultResponses[keyof VaultResponses]): void;
  reject(error: Error): void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class VaultClient implements KeySource {
  readonly #worker: VaultWorker;
  readonly #onEnd: () => void;
  readonly #pending = new Map<number, PendingRequest>();
  #lastId = 0;
  #hasEnded = false;
  #hasAnswered = false;

  /** Calls `onEnd` once, when the worker is terminated for any reason. */
  constructor(worker: VaultWorker, onEnd: () => void) {
    this.#worker = worker;
    this.#onEnd = onEnd;
    worker.onmessage = ({ data }) => this.#handle(data);
    // If the script cannot be fetched, the browser dispatches an event without a message.
    worker.onerror = (event) => this.end(this.#hasAnswered || 'message' in event ? locked() : unreachable());
  }

  /**
   * Transfers the secret of the opener (passphrase or passkey) to the worker. After a failure the
   * caller should create a new worker.
   * @throws ProtocolError passphrase-wrong, passkey-refused, vault-malformed, vault-untrusted,
   * vault-changed, vault-early, vault-expired, journal-failed, part-unreachable
   */
  unlock(vault: string, opener: Opener, roots: readonly Uint8Array[]): Promise<VaultStatus> {
    return this.#request({ is: 'unlock', vault, opener, roots }, [opener.secret.buffer]);
  }

  /**
   * Transfers the output of the PRF to the worker.
   * @throws ProtocolError vault-locked, journal-full, journal-failed
   */
  async enrol({ credential, salt, output }: NewPasskey): Promise<void> {
    await this.#request({ is: 'enrol', credential, salt, output }, [output.buffer]);
  }

  async exportKey(request: ExportRequest): Promise<ExportedKey> {
    const { exportId, data } = await this.#request({ is: 'export', exportRequest: request });
    return { exportId, data: data as Bytes };
  }

  verifyReceipt(exportId: string, receipt: Uint8Array, dataHash: Uint8Array): Promise<Verdict> {
    return this.#request({ is: 'receipt', exportId, receipt, dataHash });
  }

  async recallExport(idempotencyKey: string): Promise<RecalledExport | undefined> {
    return (await this.#request({ is: 'recall', idempotencyKey })).exported;
  }

  status(): Promise<VaultStatus> {
    return this.#request({ is: 'status' });
  }

  journal(): Promise<Envelope> {
    return this.#request({ is: 'journal' });
  }

  /** Resolves with the signed journal. Terminates the worker, even if signing fails. */
  async lock(why: LockReason): Promise<Envelope> {
    try {
      return await this.#request({ is: 'lock', why });
    } finally {
      this.end();
    }
  }

  /** Terminates the worker, which frees its memory. May be called repeatedly. */
  end(reason = locked()): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#worker.terminate();
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#pending.clear();
    this.#onEnd();
  }

  #request<R extends VaultRequest>(request: R, transfer: ArrayBuffer[] = []): Promise<VaultResponses[R['is']]> {
    if (this.#hasEnded) {
      wipe(...transfer.map((buffer) => new Uint8Array(buffer)));
      return Promise.reject(locked());
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end(), request.is === 'unlock' ? UNLOCK_TIMEOUT_MS : TIMEOUT_MS);
      this.#pending.set(id, { resolve: resolve as PendingRequest['resolve'], reject, timer });
      this.#worker.postMessage({ id, request }, transfer);
    });
  }

  #handle(message: ResponseMessage): void {
    this.#hasAnswered = true;
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if ('response' in message) pending.resolve(message.response);
    else if ('error' in message) pending.reject(new ProtocolError(message.error.code, message.error.message));
    else pending.reject(new TypeError(`the vault's worker: ${message.fault}`));
  }
}

function unreachable(): ProtocolError {
  return new ProtocolError('part-unreachable', 'The script of the vault could not be fetched.');
}

function locked(): ProtocolError {
  return new ProtocolError('vault-locked', 'The vault is locked.');
}
