// Handles the page's requests in the vault's worker (messages.ts). Posts one response to each.
import { wipe } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { RequestMessage, ResponseMessage, VaultRequest, VaultResponses } from './messages.ts';
import { UnlockedVault, type UnlockedVaultOptions } from './unlocked-vault.ts';

/** The worker's global scope, as far as it is needed to answer the page. */
export interface MessagePoster {
  postMessage(message: unknown, transfer: Transferable[]): void;
}

export class VaultServer {
  readonly #page: MessagePoster;
  readonly #options: Promise<UnlockedVaultOptions>;
  #vault: UnlockedVault | undefined;

  constructor(page: MessagePoster, options: Promise<UnlockedVaultOptions>) {
    this.#page = page;
    this.#options = options;
  }

  async handle({ id, request }: RequestMessage): Promise<void> {
    this.#post(await this.#messageFor(id, request));
  }

  async #messageFor(id: number, request: VaultRequest): Promise<ResponseMessage> {
    try {
      return { id, response: await this.#execute(request) };
    } catch (error) {
      if (error instanceof ProtocolError) return { id, error: { code: error.code, message: error.message } };
      return { id, fault: String(error) };
    }
  }

  async #execute(request: VaultRequest): Promise<VaultResponses[keyof VaultResponses]> {
    if (request.is === 'unlock') {
      const { vault, opener, roots } = request;
      if (this.#vault !== undefined) throw new TypeError('the worker has unlocked a vault already');
      this.#vault = await UnlockedVault.unlock(await this.#options, vault, opener, roots);
      return await this.#vault.status();
    }
    const vault = this.#vault;
    if (vault === undefined) throw new ProtocolError('vault-locked', 'The vault is not unlocked.');
    switch (request.is) {
      case 'enrol':
        await vault.enrol(request);
        return await vault.status();
      case 'export':
        return await vault.exportKey(request.exportRequest);
      case 'receipt':
        return await vault.verifyReceipt(request.exportId, request.receipt, request.dataHash);
      case 'recall':
        return { exported: await vault.recallExport(request.idempotencyKey) };
      case 'status':
        return await vault.status();
      case 'journal':
        return await vault.journal();
      case 'lock':
        this.#vault = undefined;
        return await vault.lock(request.why);
    }
  }

  #post(message: ResponseMessage): void {
    const { data } = 'response' in message && 'data' in message.response ? message.response : {};
    this.#page.postMessage(message, []);
    wipe(data); // postMessage() has copied DATA
  }
}
