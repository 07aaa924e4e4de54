/** Why and where a line is no message. There are no exceptions here: who fails gives 0 back, which is no address. */

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
