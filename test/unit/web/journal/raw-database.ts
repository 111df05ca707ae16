// Opens the station's database without the code of the page, as a page of another version would.

/** `upgrade` creates the stores of a new database. */
export function openRaw(
  factory: IDBFactory,
  version: number,
  upgrade: (request: IDBOpenDBRequest) => void = () => undefined,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open('keyferry', version);
    request.onupgradeneeded = () => upgrade(request);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export function completed(transaction: IDBTransaction): Promise<unknown> {
  return new Promise((resolve) => {
    transaction.oncomplete = resolve;
  });
}
