// Words for the form that sends a command by hand: what is wrong with the entered text, why a command
// is not sent, and the fields of a command before it is sent.
import {
  type DecodedHandCommand,
  type HandCommand,
  MAX_COMMAND_LENGTH,
  type Malformed,
  type Refusal,
} from '../../state/help/hand-command.ts';
import type { Obstacle } from '../../state/help/sending-by-hand.svelte.ts';
import { leftToRight } from '../../text/left-to-right.ts';
import { t } from '../../text/t.ts';
import { inFours } from '../common/format.ts';
import { exchangeWords, type Line } from './exchange-words.ts';

/** The commands that the page sends by hand, for the explanation of the form. */
export const PERMITTED_NAMES = 'SELECT, GET IDENTITY, GET CHALLENGE, GET RECEIPT, IDENTIFY, GET RESPONSE';

/** GET IDENTITY. */
const EXAMPLE = '80 CA 00 00 00';

export const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  'no-unit': t`No unit is attached. Attach one at the station.`,
  'not-chosen': t`Choose the unit that receives the command.`,
  order: t`An order is open. Leave the order before you send commands by hand.`,
  unplugged: t`The unit is unplugged. Plug it in again.`,
  elsewhere: t`Another tab uses this unit. Press “Use unit here” at the station.`,
  busy: t`The unit is being read or loaded. Wait until that has ended.`,
  unread: t`The unit was not read. Press “Read again” at the station.`,
  unsettled: t`A load of this unit has no outcome yet. Check the outcome at the station first.`,
};

/** Why the entered text cannot be sent; undefined if it can. */
export function commandFault(command: HandCommand): string | undefined {
  switch (command.is) {
    case 'empty': {
      const example = leftToRight(EXAMPLE);
      return t`Enter a command, for example ${example}.`;
    }
    case 'malformed':
      return malformedWords(command.fault);
    case 'refused':
      return refusalWords(command.refusal);
    case 'permitted':
      return undefined;
  }
}

function malformedWords(fault: Malformed): string {
  switch (fault.is) {
    case 'not-hex':
      return t`“${fault.sign}” is not a hex digit. Use only 0 to 9 and A to F.`;
    case 'odd':
      return t`The last byte has only one digit. Add the missing digit.`;
    case 'short':
      return t`A command has at least 4 bytes: CLA, INS, P1 and P2. Add the missing bytes.`;
    case 'long':
      return t`A command has at most ${MAX_COMMAND_LENGTH} bytes, and this one has ${fault.length}. Shorten the command.`;
    case 'wrong-lc':
      return t`Lc is ${fault.lc}, but the number of bytes after it is ${fault.following}. Correct Lc, the data or Le.`;
    case 'long-form':
      return t`A length that begins with 00 has two more bytes, which are not both 00. Correct the length.`;
  }
}

function refusalWords(refusal: Refusal): string {
  switch (refusal.is) {
    case 'import':
      return t`IMPORTKEY is not sent by hand: the load would have no journal entry and no verified receipt. Load the key at the station.`;
    case 'token':
      return t`This command belongs to token cards, and is not sent to a unit. Use a card under Tokens.`;
    case 'unlisted':
      return t`This command is not in the specification of units, and could change the unit. It is not sent. Enter another command.`;
    case 'other-form': {
      const form = leftToRight(refusal.form);
      return t`By hand, this command is sent only as ${form}. Lc and Le have one byte each. Correct the command.`;
    }
  }
}

/** The command and what it does. */
export function commandTitle({ preview }: DecodedHandCommand): string {
  const { command, purpose } = exchangeWords({ sn: undefined, exchange: preview });
  return t`${command}: ${purpose}`;
}

/** The fields of the command. */
export function commandLines({ preview, command }: DecodedHandCommand): readonly Line[] {
  const { header, request } = exchangeWords({ sn: undefined, exchange: preview });
  return [
    { label: t`Header`, value: inFours(header).join(' ') },
    ...request,
    ...(command.ne === 0 ? [] : [{ label: 'Le', value: String(command.ne) }]),
  ];
}
