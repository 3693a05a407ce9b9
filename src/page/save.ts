/** Hands a file to the reader's browser, which keeps it where it keeps such files. */
export function save(name: string, content: Blob | string): void {
  const address = URL.createObjectURL(typeof content === 'string' ? new Blob([content]) : content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
