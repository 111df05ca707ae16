// Creates an object on first use, and only once.

/**
 * Returns a function whose first call runs `make`. All its calls share the result. If `make`
 * rejects, the next call runs it again.
 */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
