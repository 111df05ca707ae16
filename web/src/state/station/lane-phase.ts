// What one lane is doing, or how its last load ended.
import type { Wait } from '../../as-client/retry.ts';
import type { Failure } from '../common/failure.ts';
import type { Ending } from './load-attempt.ts';
import type { Stage } from './stages.ts';

export type Phase =
  | { readonly is: 'reading' }
  /** Unplugged less than four seconds ago; a unit that restarts returns within that time. */
  | { readonly is: 'away' }
  | { readonly is: 'unread'; readonly failure: Failure }
  | { readonly is: 'ready' }
  /** `wait` is set while the AS has not answered and the request is waiting to be sent again. */
  | { readonly is: 'running'; readonly stage: Stage; readonly stopping: boolean; readonly wait?: Wait | undefined }
  | { readonly is: 'settling'; readonly wait?: Wait | undefined }
  | Ending;
