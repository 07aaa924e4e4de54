/** Names a stream as the protocol does. An absent, a null and an empty namespace are the same namespace. */
export interface StreamDescriptor {
  name: string
  namespace?: string | null
}

/** Returns a text that is equal for two descriptors only if they name the same stream. */
export function identityOf({ name, namespace }: StreamDescriptor): string {
  return JSON.stringify([namespace ?? '', name])
}

/** Returns the name for people: `public.users`, or `users` without a namespace. */
export function displayName({ name, namespace }: StreamDescriptor): string {
  return namespace ? `${namespace}.${name}` : name
}
