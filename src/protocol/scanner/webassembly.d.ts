/** The part of the WebAssembly interface that the scanner uses; Node has it, but its types do not. */
declare namespace WebAssembly {
  interface Module {
    readonly exports?: never
  }
  const Module: new (bytes: Uint8Array) => Module
  class Instance<Exports> {
    constructor(module: Module, imports: Record<string, Record<string, () => void>>)
    readonly exports: Exports
  }
  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  interface Global {
    readonly value: number
  }
}
