// A KeySource that exports keys from an AS token card. The card is unlocked by its PIN and needs no
// network (docs/protocol.md clauses 4.9 and 8). Sends the PIN to the card and wipes it.
import { isRefusal } from '#protocol/apdu/status-word.ts';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { entryKind } from '#protocol/as-unit/entry.ts';
import { wipe } from '#protocol/bytes/bytes.ts';
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import type { AsData, AsEntry } from '#protocol/commands/as-data.ts';
import { changeReferenceData } from '#protocol/commands/change-reference-data.ts';
import { exportKey } from '#protocol/commands/export-key.ts';
import { encodePinBlocks } from '#protocol/commands/pin.ts';
import { verify } from '#protocol/commands/verify.ts';
import { verifyReceipt } from '#protocol/commands/verify-receipt.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError, StatusWordError, type TokenErrorCode } from '#protocol/errors.ts';
import type { ExportedKey, ExportRequest, KeySource, Verdict } from '#protocol/provisioning/key-source.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { ANY_SLOT, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { type PinState, TokenConversation } from './token-conversation.ts';

export class TokenCard implements KeySource {
  readonly #card: TokenConversation;
  readonly #now: () => Date;
  /**
   * Fingerprint of each request that the card has answered since it was attached, by idempotency
   * key.
   */
  readonly #exports = new Map<string, string>();

  private constructor(card: TokenConversation, now: () => Date) {
    this.#card = card;
    this.#now = now;
  }

  /**
   * Sends SELECT on a new link. SELECT locks the card.
   * @throws ProtocolError not-a-token, token-lost
   */
  static async attach(transmit: Transmit, now: () => Date): Promise<TokenCard> {
    return new TokenCard(await TokenConversation.begin(transmit), now);
  }

  /** The card's data, as the last GET DATA or SELECT returned them. */
  get data(): AsData {
    return this.#card.data;
  }

  /**
   * Reads the data again, for example to find out how many exports are left.
   * @throws ProtocolError (TokenErrorCode)
   */
  refresh(): Promise<AsData> {
    return this.#card.inTurn(() => this.#card.refresh());
  }

  /**
   * Reads whether the PIN is verified or blocked, and how many tries are left. Does not use up a
   * try.
   * @throws ProtocolError (TokenErrorCode)
   */
  pinState(): Promise<PinState> {
    return this.#card.inTurn(() => this.#card.pinState());
  }

  /**
   * Unlocks the card. `pin` has 4 to 12 ASCII digits and is wiped.
   * @throws PinError pin-wrong or token-blocked, with the number of tries left
   * @throws ProtocolError (TokenErrorCode); pin-unanswered if the answer was lost and the card may
   *   have used up a try
   * @throws RangeError for a malformed PIN
   */
  async verifyPin(pin: Uint8Array): Promise<void> {
    const pinBlock = encodeAndWipe(pin);
    await this.#spend(pinBlock, 'pin-unanswered', () => this.#card.runSecret(verify, { pinBlock }));
  }

  /**
   * Changes the PIN and wipes both PINs. A wrong old PIN uses up a try.
   * @throws as verifyPin(), but pin-unconfirmed if the answer was lost and the card may have
   *   changed the PIN
   */
  async changePin(old: Uint8Array, next: Uint8Array): Promise<void> {
    const pinBlocks = encodeAndWipe(old, next);
    await this.#spend(pinBlocks, 'pin-unconfirmed', () => this.#card.runSecret(changeReferenceData, { pinBlocks }));
  }

  /** Locks the card. @throws ProtocolError (TokenErrorCode) */
  lock(): Promise<void> {
    return this.#card.inTurn(() => this.#card.select());
  }

  /** @throws ProtocolError (SourceErrorCode, TokenErrorCode) */
  exportKey(request: ExportRequest): Promise<ExportedKey> {
    return this.#card.inTurn(async () => {
      const { ref1 } = this.#requireListed(request);
      this.#requireSameRequest(request);
      const { suite, sign: signed, tkv, random, sn, challengeMac } = request;
      const data = await this.#card.run(exportKey, { suite, signed, tkv, random, ref1, sn, challengeMac });
      this.#exports.set(request.idempotencyKey, fingerprint(request));
      return { exportId: exportIdOf(sha256(data)), data };
    });
  }

  /**
   * Has the card verify a receipt. The card finds the export by the receipt, not by `exportId`.
   * @throws ProtocolError (SourceErrorCode, TokenErrorCode)
   */
  verifyReceipt(exportId: string, receipt: Uint8Array, dataHash: Uint8Array): Promise<Verdict> {
    return this.#card.inTurn(async () => {
      if (exportId !== exportIdOf(dataHash)) {
        throw new ProtocolError('export-unknown', `the card did not make export ${exportId}`);
      }
      await this.#card.run(verifyReceipt, { receiptBytes: receipt });
      return { time: this.#now().toISOString() };
    });
  }

  /**
   * Returns the key entry of a request. Throws if the card's data show that the card would refuse
   * the request. The code of this error is more precise than a status word of the card.
   * @throws ProtocolError (SourceErrorCode)
   */
  #requireListed({ set, tkv, ref1, ref2 }: ExportRequest): AsEntry {
    const { data } = this.#card;
    if (set !== data.set) throw new ProtocolError('set-unknown', `the card is for set ${hexNumber(data.set, 8)}`);
    const entry = data.entries.find((each) => each.ref1 === ref1);
    if (entry === undefined) throw new ProtocolError('key-unknown', `the card has no REF1 ${hexNumber(ref1, 4)}`);
    const isPermitted = entry.slot === ref2 || (entry.slot === ANY_SLOT && ref2 !== TRANSPORT_KEY_SLOT);
    if (!isPermitted)
      throw new ProtocolError(
        'slot-not-permitted',
        `REF1 ${hexNumber(ref1, 4)} may not go into slot ${hexNumber(ref2, 4)}`,
      );
    if (entryKind(entry) === 'transport-key' && entry.akv <= tkv) {
      const message = `the unit has transport key ${tkv}, the card has ${entry.akv}`;
      throw new ProtocolError('transport-key-current', message);
    }
    return entry;
  }

  #requireSameRequest(request: ExportRequest): void {
    const known = this.#exports.get(request.idempotencyKey);
    if (known === undefined || known === fingerprint(request)) return;
    throw new ProtocolError('idempotency-conflict', 'the idempotency key was used with another request');
  }

  /**
   * Calls `send`, which sends a PIN to the card. Then wipes `secret`, which contains the PIN.
   * Throws a ProtocolError with the code given in `lost` if the card may have run the command but
   * its answer was lost.
   */
  async #spend(secret: Uint8Array, lost: TokenErrorCode, send: () => Promise<void>): Promise<void> {
    try {
      await this.#card.inTurn(async () => {
        // Selects the card again if it was reset. Throws if this is another card, because only the
        // card that the operator attached may get the PIN.
        await this.#card.pinState();
        await send().catch((cause: unknown) => {
          if (!mayHaveRun(cause)) throw cause;
          throw new ProtocolError(lost, `the answer to the PIN was lost: ${cause.message}`, { cause });
        });
      });
    } finally {
      wipe(secret);
    }
  }
}

/** True iff the card may have run the command without confirming it. */
function mayHaveRun(error: unknown): error is ProtocolError {
  if (!(error instanceof ProtocolError)) return false;
  if (error.code === 'token-lost' || error.code === 'token-nonsense') return true;
  const { cause } = error;
  return error.code === 'token-failed' && cause instanceof StatusWordError && !isRefusal(cause.statusWord);
}

function encodeAndWipe(...pins: readonly Uint8Array[]): Uint8Array {
  try {
    return encodePinBlocks(...pins);
  } finally {
    wipe(...pins);
  }
}

/** Returns a string that is equal for a request and its retry. */
function fingerprint({ set, tkv, suite, sign, ref1, ref2, sn, random }: ExportRequest): string {
  return [set, tkv, suite, sign, ref1, ref2, toHex(sn), toHex(random)].join(' ');
}
