/** A range of bytes that is valid until the next record. */
export interface TextRange {
  bytes: Buffer
  start: number
  end: number
}
