// Saves a text as a file among the browser's downloads.

interface SavedFile {
  readonly name: string;
  readonly text: string;
  readonly type?: string;
}

export function saveFile({ name, text, type = 'application/json' }: SavedFile): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
