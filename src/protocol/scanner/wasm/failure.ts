/** The reason why a line is not a message, and the address. There are no exceptions: a function that fails returns 0. */

export const enum Reason {
  None = 0,
  Value,
  Name,
  Colon,
  MemberEnd,
  ElementEnd,
  StringEnd,
  ControlCharacter,
  Escape,
  UnicodeEscape,
  Digit,
  Depth,
  Message,
  LineEnd,
  StreamKind,
  NamespaceKind,
  DataKind,
  EmittedAtKind,
}

export let reason: i32 = Reason.None
export let failedAt: usize = 0

export function fail(why: i32, at: usize): usize {
  reason = why
  failedAt = at
  return 0
}

export function reset(): void {
  reason = Reason.None
}
