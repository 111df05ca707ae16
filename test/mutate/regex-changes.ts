// Returns the changed versions of a regular expression that serve as mutants. Used by
// test/mutate/mutants.ts.

/** @param literal the regular expression with its slashes and flags */
export function regexChanges(literal: string): string[] {
  const close = literal.lastIndexOf('/');
  const body = literal.slice(1, close);
  const flags = literal.slice(close);
  const changes = new Set<string>();
  const change = (at: number, length: number, text: string): void => {
    const changed = body.slice(0, at) + text + body.slice(at + length);
    if (changed !== '' && compiles(changed, flags.slice(1))) changes.add(`/${changed}${flags}`);
  };
  let isInClass = false;
  for (let at = 0; at < body.length; at++) {
    const rest = body.slice(at);
    const kind = /^\\([dDwWsS])/.exec(rest)?.[1];
    if (kind !== undefined) change(at, 2, `\\${kind === kind.toLowerCase() ? kind.toUpperCase() : kind.toLowerCase()}`);
    if (rest.startsWith('\\')) {
      at++;
      continue;
    }
    if (isInClass) {
      if (rest.startsWith(']')) isInClass = false;
      continue;
    }
    if (rest.startsWith('[')) {
      isInClass = true;
      if (rest.startsWith('[^')) change(at, 2, '[');
      else change(at, 1, '[^');
    }
    if (/^[\^$]/.test(rest)) change(at, 1, '');
    const quantifier = /^(?:[+*]|\{\d+(?:,\d*)?\})\??/.exec(rest)?.[0];
    if (quantifier !== undefined) change(at, quantifier.length, '');
    if (/^\?(?![:=!<])/.test(rest) && at > 0 && !/[(*+?}]/.test(body[at - 1] ?? '')) change(at, 1, '');
    if (/^\(\?[=!]/.test(rest)) change(at + 2, 1, rest[2] === '=' ? '!' : '=');
  }
  return [...changes];
}

function compiles(body: string, flags: string): boolean {
  try {
    new RegExp(body, flags);
    return true;
  } catch {
    return false;
  }
}
