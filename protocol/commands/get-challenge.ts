// GET CHALLENGE (docs/protocol.md clause 4.4, claim 3): returns R for one import in one suite, and
// CHM, which proves that the unit has its key.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { type Bytes, concat, copy } from '../bytes/bytes.ts';
import type { SuiteId } from '../tkl/suites.ts';
import { type Command, nonsense } from './command.ts';

export interface ChallengeAnswer {
  /** R, 16 bytes. */
  readonly random: Bytes;
  /** CHM, 16 bytes. */
  readonly challengeMac: Bytes;
}

const NAME = 'GET CHALLENGE';

export const getChallenge: Command<{ readonly suite: SuiteId }, ChallengeAnswer> = {
  name: NAME,
  encode: ({ suite }) => ({ cla: 0x80, ins: 0x84, p1: 0x00, p2: suite, data: concat(), ne: MAX_SHORT_NE }),
  decode: (data) => {
    if (data.length !== 32) throw nonsense(NAME, `${data.length} bytes, not 32`);
    return { random: copy(data.subarray(0, 16)), challengeMac: copy(data.subarray(16)) };
  },
};
