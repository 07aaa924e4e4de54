interface Room {
  readonly knows: string
  /** The names of other rooms, without their folder. */
  readonly mayImport: readonly string[]
}

/** By path below src/. */
export const ROOMS: Readonly<Record<string, Room>>

/** By folder of src/, the folders whose rooms its tests may import. */
export const FOLDERS_OF_TESTS: Readonly<Record<string, readonly string[]>>
