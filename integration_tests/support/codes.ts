// The codes behind the sentences of a message.
export function codesIn(message: string | undefined): string[] {
  return [...(message ?? '').matchAll(/ \[([a-z0-9]+(?:-[a-z0-9]+)*)\]/g)].map(([, code]) => code!)
}
