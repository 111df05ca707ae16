// Builds the text that an operator copies for the administrator. It says what happened to which
// unit, at what time, and in which build of the page.

import { leftToRight } from '../../text/left-to-right.ts';
import { asSentence } from '../../text/locale.ts';
import { t } from '../../text/t.ts';
import type { Message } from '../messages/types.ts';
import { groupedHex, inFours } from './format.ts';

export interface UnitDetails {
  /** 32 hex digits. */
  readonly sn: string;
  readonly set: number;
  readonly tkv: number;
}

export interface NoteOptions {
  /** The code that the page shows, for example "IMPORTKEY 6988". */
  readonly code: string;
  readonly message: Message;
  readonly unit?: UnitDetails | undefined;
  readonly time: Date;
  /** Address of the AS, or the name of the vault or card. */
  readonly service: string;
  /** File name of the page's main script. Each build has a different one. */
  readonly build: string;
}

export function administratorNote({ code, message, unit, time, service, build }: NoteOptions): string {
  const rows: readonly (readonly [name: string, value: string])[] = [
    [t`Remedy`, asSentence(message.remedy)],
    [t`Reason`, message.title],
    [t`Code`, code],
    ...(unit
      ? ([
          [t`SN`, leftToRight(inFours(unit.sn).join(' '))],
          [t`Set`, leftToRight(groupedHex(unit.set))],
          [t`Transport key version`, String(unit.tkv)],
        ] as const)
      : []),
    [t`Time`, time.toISOString()],
    [t`AS`, service],
    [t`Build`, build],
    ...(message.lines ? ([[message.lines.where, message.lines.text]] as const) : []),
  ];
  return `${rows.map(([name, value]) => t`${name}: ${value}`).join('\n')}\n`;
}
