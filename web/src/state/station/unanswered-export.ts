// The export request of a lane that got no answer. The next load of the same key sends it again
// unchanged, so that the AS makes no second export (docs/protocol.md clause 6). It is good on the
// link of its challenge only (clause 4.4) and for the same operator of the same AS.
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

  /** The request of this load, if it got no answer. Another load replaces its challenge. */
  take(connection: UnitConnection, load: Load): ExportRequest | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last?.connection === connection && last.load === nameOf(load) ? last.request : undefined;
  }

  /** `source`, with each export request kept until its answer. */
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
