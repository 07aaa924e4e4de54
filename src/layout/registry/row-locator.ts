/** Returns where the rows of a stream are, and how a location that an earlier run has saved is read. */
import { problem, SystemError } from '../../errors.ts'
import {
  keyForm,
  locateByKey,
  locateByMember,
  memberForm,
  type LocationForm,
  type RowLocator,
} from '../locations/row-location.ts'
import { keysOf, type LayoutChoice } from './create-layout.ts'
import { STRUCTURES, structureOf } from './structure-registry.ts'

/** `byMember`: whether rows that share a key are told apart. */
export function rowLocator(choice: LayoutChoice, byMember: boolean): RowLocator {
  const { settings, stream } = choice
  const structure = structureOf(settings)
  const key = keysOf(choice)
  return byMember && structure.rows.kind === 'member'
    ? locateByMember(structure, structure.rows, { settings, stream, key })
    : locateByKey(structure, key)
}

/** Returns the form of a name that `LocationForm.name` returned, maybe in an older version of the connector. */
export function locationForm(name: string): LocationForm {
  for (const { cacheType, type, rows } of STRUCTURES) {
    if (name === cacheType) return keyForm(name, type)
    if (rows.kind === 'member' && name === `member of ${cacheType}`)
      return memberForm(cacheType, type, rows.removal)
  }
  throw new SystemError(
    problem('location-form-unknown', `No structure writes rows as ${name}.`, { params: { form: name } }),
  )
}
