// Exceptions with Chromium's messages, so that the page handles simulated errors like real ones.

/**
 * Creates a DOMException whose message has Chromium's prefix.
 * @param place "method on Interface"
 */
export function exception(name: string, place: `${string} on ${string}`, message: string): DOMException {
  return new DOMException(prefixed(place, message), name);
}

export function typeError(place: `${string} on ${string}`, message: string): TypeError {
  return new TypeError(prefixed(place, message));
}

function prefixed(place: string, message: string): string {
  const [method, owner] = place.split(' on ');
  return `Failed to execute '${method}' on '${owner}': ${message}`;
}
