// The worker's side of the one door (messages.ts): each question is answered once, in the order in which it came. What is no
// question of the list is not answered at all.
import { wipe } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Answered, Asked, VaultAnswers, VaultQuestion } from './messages.ts';
import { OpenVault, type OpenVaultOptions } from './open-vault.ts';

export interface DoorPort {
  postMessage(message: unknown, transfer: Transferable[]): void;
}

export class VaultServer {
  readonly #port: DoorPort;
  readonly #around: Promise<OpenVaultOptions>;
  #vault: OpenVault | undefined;

  constructor(port: DoorPort, around: Promise<OpenVaultOptions>) {
    this.#port = port;
    this.#around = around;
  }

  async hear({ id, question }: Asked): Promise<void> {
    this.#say(await this.#answered(id, question));
  }

  async #answered(id: number, question: VaultQuestion): Promise<Answered> {
    try {
      return { id, answer: await this.#answer(question) };
    } catch (error) {
      if (error instanceof ProtocolError) return { id, refusal: { code: error.code, message: error.message } };
      return { id, fault: String(error) };
    }
  }

  async #answer(question: VaultQuestion): Promise<VaultAnswers[keyof VaultAnswers]> {
    if (question.is === 'unlock') {
      const { vault, opener, roots } = question;
      if (this.#vault !== undefined) throw new TypeError('one worker opens one vault');
      this.#vault = await OpenVault.unlock(await this.#around, vault, opener, roots);
      return await this.#vault.status();
    }
    const vault = this.#vault;
    if (vault === undefined) throw new ProtocolError('vault-locked', 'The vault is not unlocked.');
    switch (question.is) {
      case 'enrol':
        await vault.enrol(question);
        return await vault.status();
      case 'export':
        return await vault.exportKey(question.request);
      case 'receipt':
        return await vault.verifyReceipt(question.exportId, question.receipt, question.dataHash);
      case 'recall':
        return { exported: await vault.recallExport(question.idempotencyKey) };
      case 'status':
        return await vault.status();
      case 'journal':
        return await vault.journal();
      case 'lock':
        this.#vault = undefined;
        return await vault.lock(question.why);
    }
  }

  #say(answered: Answered): void {
    const { data } = 'answer' in answered && 'data' in answered.answer ? answered.answer : {};
    this.#port.postMessage(answered, []);
    // DATA is sealed for one unit; this copy of it is done with.
    wipe(data);
  }
}
