// The log of the process on standard error, for the supervisor: one line of text or JSON per event.
// It has no access code, key or passphrase. The audit log is another file (audit-log/audit-log.ts).
import { UserError } from '../common/user-error.ts';

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface EventLogOptions {
  readonly format: LogFormat;
  readonly now: () => Date;
  readonly write: (line: string) => void;
}

type Fields = Readonly<Record<string, string | number | boolean>>;

export class EventLog {
  readonly #options: EventLogOptions;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  info(event: string, fields: Fields = {}): void {
    this.#write('info', event, fields);
  }

  /** An expected failure has its sentence, and a bug its stack. */
  error(event: string, cause: unknown): void {
    const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    this.#write('error', event, { message: cause instanceof UserError ? cause.message : stack });
  }

  #write(level: 'info' | 'error', event: string, fields: Fields): void {
    const { format, now, write } = this.#options;
    const time = now().toISOString();
    const { message, ...others } = fields;
    const facts = Object.entries(others).map(([name, value]) => `${name}=${value}`);
    const text = [time, event, ...facts, ...(message === undefined ? [] : [message])].join(' ');
    write(`${format === 'json' ? JSON.stringify({ time, level, event, ...fields }) : text}\n`);
  }
}
