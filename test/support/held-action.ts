// An action for tests of locks: it ends when the test says so, and records its start and end.

/** Returns an action that adds its start and its end to `events`. It ends after the test calls end(). */
export function heldAction(name: string, events: string[]) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = async (): Promise<string> => {
    events.push(`${name} starts`);
    await ended;
    events.push(`${name} ends`);
    return name;
  };
  return { run, end: (): void => end() };
}
