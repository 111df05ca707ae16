// Stores the last export request of a lane until its DATA is sent to the unit. DATA is not sent if
// the AS gave no answer, or if the load ended between the answer and IMPORTKEY. The next load of
// the same key then sends the request again unchanged, so that the AS makes no second export
// (docs/protocol.md clause 6).
//
// The request contains the challenge R, so it is stored only while the unit keeps R (clause 4.4):
// on the same connection, until IMPORTKEY or another GET CHALLENGE. The connection matters even for
// a unit that keeps R without power, because another host may have replaced R in the meantime.
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import type { NewAttempt } from '../../journal/attempt.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { LoadSource } from '../session/semaphore.ts';
import type { UnitConnection } from './unit-connection.ts';

type Load = Pick<NewAttempt, 'service' | 'operator' | 'ref1' | 'ref2' | 'akv' | 'workOrder'>;

/** Failures after which the AS may or may not have made the export. */
const UNANSWERED: ReadonlySet<string> = new Set([
  ...['service-unreachable', 'service-timeout', 'gateway-failed', 'not-the-as', 'too-many-requests'],
  ...['service-failed', 'service-nonsense', 'signed-out', 'not-signed-in', 'cancelled'],
]);

interface Unused {
  readonly connection: UnitConnection;
  readonly load: string;
  readonly request: ExportRequest;
  readonly isAnswered: boolean;
}

export class UnusedExport {
  #last: Unused | undefined;

  /**
   * Removes the stored request and returns it if this load may send it again. Any other load gets a
   * new challenge, which makes the stored request useless.
   */
  take(connection: UnitConnection, load: Load): ExportRequest | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last?.connection === connection && last.load === nameOf(load) ? last.request : undefined;
  }

  /** Wraps `source` so that each export request is stored, unless the AS refuses the request. */
  watch(source: LoadSource, connection: UnitConnection, load: Load): LoadSource {
    const name = nameOf(load);
    return {
      ...source,
      get auditHead() {
        return source.auditHead;
      },
      exportKey: async (request) => {
        this.#last = { connection, load: name, request, isAnswered: false };
        try {
          const exported = await source.exportKey(request);
          this.#last = { ...this.#last, isAnswered: true };
          return exported;
        } catch (error) {
          if (!UNANSWERED.has(failureOf(error).code)) this.#last = undefined;
          throw error;
        }
      },
    };
  }

  /**
   * Called when a load has failed before the import. Removes the request if its DATA was malformed,
   * because the AS would return the same DATA again.
   */
  end({ code }: Failure): void {
    if (this.#last?.isAnswered && code === 'service-nonsense') this.clear();
  }

  /** Removes the stored request. Called when the unit no longer has the challenge. */
  clear(): void {
    this.#last = undefined;
  }
}

function nameOf({ service, operator, ref1, ref2, akv, workOrder }: Load): string {
  return JSON.stringify([service, operator, ref1, ref2, akv, workOrder ?? null]);
}
