/** The reasons why a line is not an Airbyte message. */

export interface ScanFailure {
  code: string
  reason: string
  offset: number
}

/** Codes and reasons, in the order of `Reason` in wasm/failure.ts. */
const FAILURES: readonly Omit<ScanFailure, 'offset'>[] = [
  { code: '', reason: '' },
  { code: 'json-value-expected', reason: 'expected a value' },
  { code: 'json-name-expected', reason: 'expected a name in quotes' },
  { code: 'json-colon-expected', reason: 'expected :' },
  { code: 'json-object-unfinished', reason: 'expected , or }' },
  { code: 'json-array-unfinished', reason: 'expected , or ]' },
  { code: 'json-string-unfinished', reason: 'expected the end of a string' },
  { code: 'json-control-character', reason: 'a string contains a control character that is not escaped' },
  { code: 'json-escape-unknown', reason: 'a backslash is followed by a character that cannot be escaped' },
  { code: 'json-unicode-escape-invalid', reason: '\\u is not followed by four hexadecimal digits' },
  { code: 'json-digit-expected', reason: 'a digit is missing in a number' },
  { code: 'json-too-deep', reason: 'it is nested more than 65536 levels deep' },
  { code: 'json-object-expected', reason: 'expected a JSON object' },
  { code: 'json-text-behind-object', reason: 'expected the end of the line' },
  { code: 'record-stream-not-text', reason: 'record.stream is not a string' },
  { code: 'record-namespace-not-text', reason: 'record.namespace is not a string' },
  { code: 'record-data-not-object', reason: 'record.data is not an object' },
  { code: 'record-emitted-at-not-number', reason: 'record.emitted_at is not a number' },
]

/** Returns the failure with that number in the table of the scanner. */
export function failureOf(number: number, offset: number): ScanFailure {
  return { ...FAILURES[number]!, offset }
}
