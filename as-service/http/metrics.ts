// Counts responses, and writes the metrics of the service in the text format of Prometheus
// (version 0.0.4).
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Gauge {
  /** Without the prefix keyferry_. */
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export class Metrics {
  readonly #responses = new Map<number, number>();

  countResponse(status: number): void {
    this.#responses.set(status, (this.#responses.get(status) ?? 0) + 1);
  }

  text(gauges: readonly Gauge[]): string {
    const statuses = [...this.#responses].sort(([a], [b]) => a - b);
    const lines = [
      ...header('responses_total', 'Responses of the API by status.', 'counter'),
      ...statuses.map(([status, count]) => `keyferry_responses_total{status="${status}"} ${count}`),
      ...gauges.flatMap(({ name, help, value }) => [...header(name, help, 'gauge'), `keyferry_${name} ${value}`]),
    ];
    return `${lines.join('\n')}\n`;
  }
}

function header(name: string, help: string, type: 'counter' | 'gauge'): string[] {
  return [`# HELP keyferry_${name} ${help}`, `# TYPE keyferry_${name} ${type}`];
}

/** Whether an Authorization header has this token. Compares in constant time. */
export function hasToken(authorization: string | undefined, token: string): boolean {
  const sent = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(sent), hash(token));
}
