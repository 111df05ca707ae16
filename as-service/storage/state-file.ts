// The sealed state file and its next version. A change is first prepared on disk. Then the audit
// log names the hash of the prepared state, and the prepared state replaces the file (ADR 0049). If
// a crash prevents the replacement, the next start of the service makes it.
import { createHash } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { wipe } from '#protocol/bytes/bytes.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { UserError } from '../common/user-error.ts';
import { readFileIfThere, syncDirectory, writeNewFile } from './atomic-file.ts';
import type { Sealer } from './sealer.ts';
import { decodeState, encodeState, type State } from './state.ts';

export interface StoredState {
  readonly state: State;
  /** SHA-256 of the sealed file, base64url. */
  readonly hash: string;
}

export class StateFile {
  readonly #path: string;
  readonly #nextPath: string;
  readonly #sealer: Sealer;
  /** Whether the log names a state that has not replaced the file yet. */
  #unfinished = false;

  constructor(path: string, sealer: Sealer) {
    this.#path = path;
    this.#nextPath = `${path}.next`;
    this.#sealer = sealer;
  }

  /**
   * Reads the state file. Returns undefined when it does not exist.
   * @throws UserError when the key does not open it
   */
  async read(): Promise<StoredState | undefined> {
    const sealed = await readFileIfThere(this.#path);
    if (sealed === undefined) return undefined;
    try {
      return this.#open(sealed);
    } catch (cause) {
      if (!(cause instanceof IntegrityError)) throw cause;
      throw new UserError(
        `The sealing key does not open ${this.#path}: the key belongs to another service, or the file was changed. Nothing was modified.`,
        { cause },
      );
    }
  }

  /**
   * Reads the prepared change. Returns undefined if there is none, or if a crash interrupted the
   * write.
   */
  async readNext(): Promise<StoredState | undefined> {
    const sealed = await readFileIfThere(this.#nextPath);
    if (sealed === undefined) return undefined;
    try {
      return this.#open(sealed);
    } catch (cause) {
      if (cause instanceof IntegrityError) return undefined;
      throw cause;
    }
  }

  /**
   * Stores the next state beside the file, durably. Resolves with the SHA-256 of the sealed state,
   * base64url. An error leaves the current file unchanged.
   */
  async prepare(state: State): Promise<string> {
    if (this.#unfinished) await this.#replace();
    const plaintext = encodeState(state);
    try {
      const sealed = this.#sealer.sealState(plaintext);
      // If the disk fails, tries once more and writes everything again.
      await this.#writeNext(sealed).catch(() => this.#writeNext(sealed));
      return hashOf(sealed);
    } finally {
      wipe(plaintext);
    }
  }

  /**
   * Replaces the file with the prepared state. If this fails, the next change or start replaces it,
   * because the log names the new state. The folder needs no sync: after a loss of power the new
   * state exists under one of its two names.
   */
  async finish(): Promise<void> {
    this.#unfinished = true;
    await this.#replace().catch(() => undefined);
  }

  /**
   * Removes the files that interrupted writes of this version, or of versions up to 0.1.0, have
   * left.
   */
  async removeLeftovers(): Promise<void> {
    const name = basename(this.#path);
    for (const each of await readdir(dirname(this.#path))) {
      const isUnusedNext = each === `${name}.next` && !this.#unfinished;
      const isLeftover = isUnusedNext || (each.startsWith(`${name}.`) && each.endsWith('.new'));
      if (isLeftover) await rm(join(dirname(this.#path), each), { force: true });
    }
  }

  async #writeNext(sealed: Uint8Array): Promise<void> {
    await rm(this.#nextPath, { force: true });
    await writeNewFile(this.#nextPath, sealed);
    await syncDirectory(dirname(this.#path));
  }

  async #replace(): Promise<void> {
    await rename(this.#nextPath, this.#path);
    this.#unfinished = false;
  }

  /** @throws IntegrityError */
  #open(sealed: Uint8Array): StoredState {
    const plaintext = this.#sealer.openState(sealed);
    try {
      return { state: decodeState(plaintext), hash: hashOf(sealed) };
    } finally {
      wipe(plaintext);
    }
  }
}

function hashOf(sealed: Uint8Array): string {
  return createHash('sha256').update(sealed).digest('base64url');
}
