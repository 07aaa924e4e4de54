/** A reply as the command connection hands it out; bulk writes never build one. */
export type Reply = string | number | null | Buffer | Reply[]
