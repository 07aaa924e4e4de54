/** How the protocol names a stream. An absent, null or empty namespace is the same namespace. */
export interface StreamDescriptor {
  name: string
  namespace?: string | null
}

/** A text that two descriptors share only if they name the same stream. */
export function identityOf({ name, namespace }: StreamDescriptor): string {
  return JSON.stringify([namespace ?? '', name])
}

/** For people: `public.users`, or `users` without a namespace. */
export function displayName({ name, namespace }: StreamDescriptor): string {
  return namespace ? `${namespace}.${name}` : name
}
