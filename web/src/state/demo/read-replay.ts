// Reads a support file (docs/adr/0053), and computes how the demo repeats its newest failed load.
import { type ErrorCode, FileError, ProtocolError } from '#protocol/errors.ts';
import { parseJson } from '#protocol/json/document.ts';
import { read } from '#protocol/json/schema.ts';
import {
  type RecordedAttemptJson,
  SUPPORT_FORMAT,
  SUPPORT_VERSION,
  type SupportFileJson,
  supportFileSchema,
} from '#protocol/support/support-file.ts';
import { t } from '../../text/t.ts';
import type { LinkKind } from '../../transport/link.ts';
import type { Failure } from '../common/failure.ts';
import { type OpenedFile, readFile } from '../common/read-file.ts';
import { type RecordedExchange, type ReplayScript, replayScript } from './replay-script.ts';

export interface Replay extends ReplayScript {
  /** Start of the recorded attempt, ISO 8601. */
  readonly at: string;
  readonly link: LinkKind;
  /** How the recorded load ended, and how the replayed load ends. */
  readonly end: Failure;
}

const CHAINING = 0x10;

/**
 * Returns the replay of the newest failed load that can be repeated.
 * @throws FileError if the file is not a support file, is damaged, has a newer format, or contains
 *   no failed load that the demo can repeat
 */
export async function readReplay(file: OpenedFile): Promise<Replay> {
  const { attempts = [] } = readSupportFile(await readFile(file));
  const failed = attempts.filter(({ failure }) => failure !== undefined && failure.code !== 'cancelled');
  const [newest] = failed;
  if (newest === undefined) {
    throw new FileError(t`This support file contains no failed load.`, t`Choose a file that was saved after a failure`);
  }
  for (const attempt of failed) {
    const replay = replayOf(attempt);
    if (replay) return replay;
  }
  const code = newest.failure?.code ?? '';
  throw new FileError(
    t`The demo cannot repeat a load that ended with ${code}.`,
    t`Choose the file of a load that failed because of the unit, its link or the AS`,
  );
}

function readSupportFile(content: string): SupportFileJson {
  const value = parsed(content);
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== SUPPORT_FORMAT) {
    throw new FileError(t`This is not a support file.`, t`Choose a file that was saved under Help`);
  }
  const version = 'version' in value ? value.version : undefined;
  if (typeof version === 'number' && version > SUPPORT_VERSION) {
    throw new FileError(
      t`This support file has a newer format.`,
      t`Open the file in the demo of the version that saved it`,
    );
  }
  try {
    return read(supportFileSchema, value, 'file', 'file-refused');
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new FileError(t`This support file is damaged.`, t`Save the file again under Help`, { cause });
  }
}

/** Returns undefined for a text that is not JSON. @throws FileError for JSON that is cut short */
function parsed(content: string): unknown {
  try {
    return parseJson(content, 'file');
  } catch (cause) {
    if (cause instanceof FileError || !(cause instanceof ProtocolError)) throw cause;
    return undefined;
  }
}

/** Returns undefined if the demo cannot repeat the load. */
function replayOf({ at, link, failure, exchanges }: RecordedAttemptJson): Replay | undefined {
  if (failure === undefined) return undefined;
  const { code, command, statusWord: word } = failure;
  const end: Failure = {
    code: code as ErrorCode, // replayScript() accepts only known codes
    ...(command === undefined ? {} : { command }),
    ...(word === undefined ? {} : { statusWord: Number.parseInt(word, 16) }),
  };
  try {
    return { at, link, end, ...replayScript(exchanges.map(recorded), end) };
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function recorded({ header, statusWord: word }: RecordedAttemptJson['exchanges'][number]): RecordedExchange {
  const [cla = 0, ins = 0] = [header.slice(0, 2), header.slice(2, 4)].map((digits) => Number.parseInt(digits, 16));
  return {
    ins,
    isPart: (cla & CHAINING) !== 0,
    statusWord: word === null ? undefined : Number.parseInt(word, 16),
  };
}
