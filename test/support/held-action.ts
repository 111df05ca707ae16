// An action for tests of locks, which the test ends.

/** Returns an action that adds its start and end to `events`. The test ends it with end(). */
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
