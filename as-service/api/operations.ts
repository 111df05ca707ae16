// The paths for supervisors and monitoring: /healthz, /readyz and /metrics. They come before the check
// of the Host, because a load balancer probes the service by its IP address.
import type { Hono } from 'hono';
import type { Admission } from '../http/admission.ts';
import { answer, Problem } from '../http/answer.ts';
import { hasToken, METRICS_TYPE, type Metrics } from '../http/metrics.ts';
import { SECURITY_HEADERS } from '../http/security-headers.ts';
import type { As } from '../service/as.ts';

export interface OperationsOptions {
  readonly as: As;
  readonly admission: Admission;
  readonly metrics: Metrics;
  /** Undefined if there are no metrics. */
  readonly metricsToken: string | undefined;
}

export function addOperations(app: Hono, { as, admission, metrics, metricsToken }: OperationsOptions): void {
  app.get('/healthz', () => answer({ alive: true }));
  // Only a service whose state and keys are open exists at all. The log is what can fail later.
  app.get('/readyz', () => {
    if (as.isReady) return answer({ ready: true });
    throw new Problem('service-failed', 'The service cannot write to its disk, and ends.', { status: 503 });
  });
  if (metricsToken === undefined) return;
  app.get('/metrics', (c) => {
    if (!hasToken(c.req.header('authorization'), metricsToken)) {
      throw new Problem('signed-out', 'Send the token of KEYFERRY_METRICS_TOKEN as "Authorization: Bearer …".');
    }
    const headers = { ...SECURITY_HEADERS, 'cache-control': 'no-store', 'content-type': METRICS_TYPE };
    return new Response(metrics.text(gaugesOf(as, admission)), { headers });
  });
}

function gaugesOf(as: As, { requests, slow, bodies }: Admission) {
  return [
    { name: 'ready', help: '1 while the service can write to its disk.', value: as.isReady ? 1 : 0 },
    { name: 'log_entries', help: 'Entries of the audit log.', value: as.log.head.sequence },
    { name: 'requests_running', help: 'Requests that run.', value: requests.running },
    { name: 'requests_waiting', help: 'Requests that wait for their turn.', value: requests.waiting },
    { name: 'slow_requests_running', help: 'Slow requests that run.', value: slow.running },
    { name: 'slow_requests_waiting', help: 'Slow requests that wait for their turn.', value: slow.waiting },
    { name: 'bodies_open', help: 'Request bodies that are being read.', value: bodies.open },
    { name: 'bodies_bytes', help: 'Bytes of request bodies in memory.', value: bodies.bytes },
    { name: 'memory_bytes', help: 'Resident memory of the process.', value: process.memoryUsage.rss() },
  ];
}
