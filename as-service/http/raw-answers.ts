// Answers requests that never reach the application, because Node's parser refuses them (RFC 9110).
// Without this listener, Node would answer them without the security headers.
import type { Duplex } from 'node:stream';
import { SECURITY_HEADERS } from './security-headers.ts';

const BAD_REQUEST = '400 Bad Request';

/** Error codes of Node's parser with another status. */
const STATUSES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Listener of the event clientError. */
export function answerClientError(cause: NodeJS.ErrnoException, socket: Duplex): void {
  // After a reset, or in the middle of an answer, there is nothing to answer.
  const isAnswering = '_httpMessage' in socket && Boolean(socket._httpMessage);
  if (cause.code === 'ECONNRESET' || !socket.writable || isAnswering) {
    socket.destroy(cause);
    return;
  }
  socket.end(rawAnswer(STATUSES[cause.code ?? ''] ?? BAD_REQUEST));
}

function rawAnswer(status: string): string {
  const headers = { ...SECURITY_HEADERS, 'cache-control': 'no-store', 'content-length': '0', connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n');
}
