/** The WebAssembly module of the scanner, as JavaScript calls it. */

/** The exports of wasm/scan.ts. */
export interface ScannerExports {
  memory: WebAssembly.Memory
  position: WebAssembly.Global
  reason: WebAssembly.Global
  failedAt: WebAssembly.Global
  tableStart(): number
  rowSize(): number
  inputStart(): number
  scan(start: number, end: number): number
  columnsStart(): number
  columnsRoom(): number
  columnRoom(): number
  keyStart(): number
  captureColumn(size: number): number
  capturedRowStart(): number
  capturedRow(index: number, start: number): void
  columns(start: number, end: number, table: number, most: number): number
  fieldsEnd: WebAssembly.Global
  fieldsStart(): number
  writeFields(table: number, first: number, end: number, nulls: number): number
  takeRecords(
    first: number,
    most: number,
    mostInput: number,
    rowSize: number,
    stream: number,
    line: number,
  ): number
  takenBytes: WebAssembly.Global
  takenInput: WebAssembly.Global
  programStart(): number
  rowsStart(): number
  commandsStart(): number
  encodeRows(count: number, rowSize: number, firstId: number): number
  encodedStart: WebAssembly.Global
  encodedEnd: WebAssembly.Global
  encodedCommands: WebAssembly.Global
  ownersStart(): number
  useOwners(has: boolean): void
  pieceCount: WebAssembly.Global
  piecesStart(): number
  numbersStart(): number
}
