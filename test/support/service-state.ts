// A state of the service without disk and log, for unit tests of the functions that change it.

import type { AuditEvent } from '#as-service/audit-log/audit-log.ts';
import type { StateChange, StateChanges } from '#as-service/sets/state-changes.ts';
import { byPurpose, certify, createSigningKey, SIGNING_PURPOSES } from '#as-service/signing/signing.ts';
import type { State } from '#as-service/storage/state.ts';
import type { AuditHeadJson } from '#protocol/service/messages.ts';

export const STATE_TIME = new Date('2030-01-01T12:00:00.000Z');

/** A state with a root key, and with signing keys that were certified at `now`. */
export async function certifiedState(now = STATE_TIME): Promise<State> {
  const root = createSigningKey();
  const signingKeys = byPurpose(createSigningKey);
  const certificates = await Promise.all(
    SIGNING_PURPOSES.map((purpose) => certify(root, purpose, signingKeys[purpose].publicKey, 0, now)),
  );
  return { revision: 1, asNumber: 0, name: 'Test AS', root, signingKeys, certificates, sets: [], operators: [] };
}

/** Applies changes to a state in memory, and records them and the log entries. */
export class StateInMemory implements StateChanges {
  state: State;
  readonly demoMode: boolean;
  readonly changes: Omit<StateChange, 'next'>[] = [];
  readonly appended: AuditEvent[] = [];
  time = STATE_TIME;
  readonly log = {
    append: async (event: AuditEvent): Promise<AuditHeadJson> => {
      this.appended.push(event);
      return { sequence: this.appended.length, hash: '', time: this.time.toISOString() };
    },
  };

  static async open(demoMode = false): Promise<StateInMemory> {
    return new StateInMemory(await certifiedState(), demoMode);
  }

  private constructor(state: State, demoMode: boolean) {
    this.state = state;
    this.demoMode = demoMode;
  }

  readonly now = (): Date => this.time;

  async change({ next, ...change }: StateChange): Promise<void> {
    this.state = next(this.state);
    this.changes.push(change);
  }
}
