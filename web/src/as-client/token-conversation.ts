// Serialises commands to one AS card, and maps the card's status words to the codes of a KeySource.
// Selects the card again after a reset. Sends no more commands after the card was exchanged or
// lost.

import type { Transmit } from '#protocol/apdu/transmit.ts';
import { wipe } from '#protocol/bytes/bytes.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { AsData } from '#protocol/commands/as-data.ts';
import { type Command, run } from '#protocol/commands/command.ts';
import { getData } from '#protocol/commands/get-data.ts';
import { triesLeft } from '#protocol/commands/pin.ts';
import { selectAs } from '#protocol/commands/select-as.ts';
import { pinState } from '#protocol/commands/verify.ts';
import { ProtocolError, StatusWordError } from '#protocol/errors.ts';
import { BLOCKED, NOT_AUTHORISED, NOT_SELECTED, refusal } from './token-refusal.ts';

export type PinState =
  | { readonly is: 'unlocked' }
  | { readonly is: 'locked'; readonly triesLeft: number }
  | { readonly is: 'blocked' };

export class TokenConversation {
  readonly #transmit: Transmit;
  #data: AsData;
  #turn: Promise<unknown> = Promise.resolve();
  /** Error that all later actions throw, set once another card has answered. */
  #exchanged: ProtocolError | undefined;

  private constructor(transmit: Transmit, data: AsData) {
    this.#transmit = transmit;
    this.#data = data;
  }

  /** Sends SELECT. @throws ProtocolError not-a-token, token-lost */
  static async begin(transmit: Transmit): Promise<TokenConversation> {
    const guarded = untilLost(transmit);
    try {
      return new TokenConversation(guarded, await run(guarded, selectAs, undefined));
    } catch (cause) {
      const isAnswer =
        cause instanceof ProtocolError && (cause instanceof StatusWordError || cause.code === 'unit-nonsense');
      if (!isAnswer) throw cause;
      throw new ProtocolError('not-a-token', `the device is not an AS card: ${cause.message}`, { cause });
    }
  }

  /** The card's data, as the last GET DATA or SELECT returned them. */
  get data(): AsData {
    return this.#data;
  }

  /** Runs the action after all earlier ones, because the card takes one command at a time. */
  async inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const before = this.#turn;
    const turn = (async () => {
      // The caller of the earlier action handles its error.
      await before.catch(() => undefined);
      if (this.#exchanged !== undefined) throw this.#exchanged;
      return await action();
    })();
    this.#turn = turn;
    return await turn;
  }

  /** Sends one command. @throws ProtocolError (SourceErrorCode, TokenErrorCode) */
  async run<Request, Answer>(command: Command<Request, Answer>, request: Request): Promise<Answer> {
    return await this.#run(this.#transmit, command, request);
  }

  /** Sends one command and wipes its bytes afterwards. @throws as run(), PinError */
  async runSecret<Request, Answer>(command: Command<Request, Answer>, request: Request): Promise<Answer> {
    return await this.#run(wiping(this.#transmit), command, request);
  }

  /** Sends GET DATA. @throws as run() */
  async refresh(): Promise<AsData> {
    return this.#accept(await this.run(getData, undefined));
  }

  /** Sends SELECT, which locks the card. @throws as run() */
  async select(): Promise<void> {
    this.#accept(await this.#send(this.#transmit, selectAs, undefined).catch(refuse));
  }

  /** Reads the state of the PIN without using up a try. @throws as run() */
  async pinState(): Promise<PinState> {
    try {
      return await this.#askPinState();
    } catch (error) {
      if (!(error instanceof StatusWordError)) throw error;
      if (error.statusWord !== NOT_SELECTED) throw refusal(error);
      await this.select();
      // Asks only once more. If the card is still not selected, throws the error.
      return await this.#askPinState().catch(refuse);
    }
  }

  async #askPinState(): Promise<PinState> {
    try {
      await this.#send(this.#transmit, pinState, undefined);
      return { is: 'unlocked' };
    } catch (error) {
      const statusWord = error instanceof StatusWordError ? error.statusWord : 0;
      const left = triesLeft(statusWord);
      if (left !== undefined) return { is: 'locked', triesLeft: left };
      if (statusWord === BLOCKED) return { is: 'blocked' };
      throw error;
    }
  }

  async #run<Request, Answer>(
    transmit: Transmit,
    command: Command<Request, Answer>,
    request: Request,
  ): Promise<Answer> {
    try {
      return await this.#send(transmit, command, request);
    } catch (error) {
      if (!(error instanceof StatusWordError)) throw error;
      if (error.statusWord === NOT_AUTHORISED) throw await this.#whyNotAuthorised(error);
      if (error.statusWord !== NOT_SELECTED) throw refusal(error);
      await this.select();
      throw new ProtocolError('token-locked', 'the card was reset and requires its PIN', { cause: error });
    }
  }

  /**
   * Sends one command. Replaces the error code unit-nonsense with token-nonsense, because the
   * response came from a card, not from a unit.
   */
  async #send<Request, Answer>(
    transmit: Transmit,
    command: Command<Request, Answer>,
    request: Request,
  ): Promise<Answer> {
    try {
      return await run(transmit, command, request);
    } catch (cause) {
      if (!(cause instanceof ProtocolError) || cause.code !== 'unit-nonsense') throw cause;
      throw new ProtocolError('token-nonsense', cause.message, { cause });
    }
  }

  async #whyNotAuthorised(cause: StatusWordError): Promise<ProtocolError> {
    const state = await this.pinState();
    if (state.is === 'locked') return new ProtocolError('token-locked', 'the card requires its PIN', { cause });
    if (state.is === 'blocked') return new ProtocolError('token-blocked', 'the PIN is blocked', { cause });
    const { quotaLeft } = await this.refresh();
    if (quotaLeft === 0) return new ProtocolError('quota-used', 'the card has no exports left', { cause });
    return new ProtocolError('unit-not-listed', 'the card was not issued for this unit', { cause });
  }

  /**
   * Stores the data that the card returned.
   * @throws ProtocolError token-lost if the data are those of another card, which must not get the
   *   PIN. All later actions then throw the same error.
   */
  #accept(data: AsData): AsData {
    const { set, asNumber } = this.#data;
    if (data.set !== set || data.asNumber !== asNumber) {
      const message = `another card answered: AS ${hexNumber(data.asNumber, 4)} of set ${hexNumber(data.set, 8)}`;
      this.#exchanged = new ProtocolError('token-lost', message);
      throw this.#exchanged;
    }
    this.#data = data;
    return data;
  }
}

function refuse(error: unknown): never {
  throw error instanceof StatusWordError ? refusal(error) : error;
}

/**
 * Returns a `transmit` that throws token-lost for every command after the first failure of the
 * link.
 */
function untilLost(transmit: Transmit): Transmit {
  let lost: ProtocolError | undefined;
  return async (command) => {
    if (lost !== undefined) throw lost;
    try {
      return await transmit(command);
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      lost = new ProtocolError('token-lost', `the card is gone: ${cause.message}`, { cause });
      throw lost;
    }
  };
}

/** Returns a `transmit` that wipes each command after it is sent. */
function wiping(transmit: Transmit): Transmit {
  return async (command) => {
    try {
      return await transmit(command);
    } finally {
      wipe(command);
    }
  };
}
