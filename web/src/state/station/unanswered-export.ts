// Stores a lane's export request to which the AS gave no answer. The next load of the same key
// sends the request again unchanged, so that the AS makes no second export (docs/protocol.md clause
// 6). That load must use the same connection, because a new connection gets a new challenge (clause
// 4.4). Operator and AS must also be the same.
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import type { NewAttempt } from '../../journal/attempt.ts';
import { failureOf } from '../common/failure.ts';
import type { LoadSource } from '../session/semaphore.ts';
import type { UnitConnection } from './unit-connection.ts';

type Load = Pick<NewAttempt, 'service' | 'operator' | 'ref1' | 'ref2' | 'akv' | 'workOrder'>;

/** Failures after which the AS may or may not have made the export. */
const UNANSWERED: ReadonlySet<string> = new Set([
  ...['service-unreachable', 'service-timeout', 'gateway-failed', 'not-the-as', 'too-many-requests'],
  ...['service-failed', 'service-nonsense', 'signed-out', 'not-signed-in', 'cancelled'],
]);

interface Unanswered {
  readonly connection: UnitConnection;
  readonly load: string;
  readonly request: ExportRequest;
}

export class UnansweredExport {
  #last: Unanswered | undefined;

  /**
   * Removes the stored request and returns it if this load may send it again. Any other load gets a
   * new challenge, which makes the stored request useless.
   */
  take(connection: UnitConnection, load: Load): ExportRequest | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last?.connection === connection && last.load === nameOf(load) ? last.request : undefined;
  }

  /** Returns `source`, but stores each export request until the AS has answered it. */
  watch(source: LoadSource, connection: UnitConnection, load: Load): LoadSource {
    const name = nameOf(load);
    return {
      ...source,
      get auditHead() {
        return source.auditHead;
      },
      exportKey: async (request) => {
        this.#last = { connection, load: name, request };
        try {
          const exported = await source.exportKey(request);
          this.#last = undefined;
          return exported;
        } catch (error) {
          if (!UNANSWERED.has(failureOf(error).code)) this.#last = undefined;
          throw error;
        }
      },
    };
  }
}

function nameOf({ service, operator, ref1, ref2, akv, workOrder }: Load): string {
  return JSON.stringify([service, operator, ref1, ref2, akv, workOrder ?? null]);
}
