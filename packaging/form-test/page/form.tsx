// The form that Airbyte's web app makes of a connector's options, as its reference of specifications describes it: a
// card for each group, the order of `order`, and everything that is neither required nor `always_show` folded away.
import Form from '@rjsf/core'
import type {
  ArrayFieldItemTemplateProps,
  ArrayFieldTemplateProps,
  FieldTemplateProps,
  MultiSchemaFieldTemplateProps,
  ObjectFieldTemplateProps,
  ObjectFieldTemplatePropertyType,
  RJSFSchema,
  UiSchema,
} from '@rjsf/utils'
import validator from '@rjsf/validator-ajv8'
import { createRoot } from 'react-dom/client'

interface Option extends RJSFSchema {
  group?: string
  order?: number
  always_show?: boolean
  airbyte_hidden?: boolean
  airbyte_secret?: boolean
  multiline?: boolean
}

interface FormWindow extends Window {
  specification: { connectionSpecification: Option & { groups: { id: string; title: string }[] } }
  stored: object
  /** What the form sends when it is submitted. */
  sent?: unknown
}

const page = window as unknown as FormWindow
const schema = page.specification.connectionSpecification

const templates = {
  ArrayFieldTemplate,
  ArrayFieldItemTemplate,
  FieldTemplate,
  MultiSchemaFieldTemplate,
  ObjectFieldTemplate,
}

createRoot(document.querySelector('main')!).render(
  <Form
    schema={schema}
    uiSchema={{ ...appearance(schema), 'ui:submitButtonOptions': { submitText: 'Set up destination' } }}
    formData={page.stored}
    validator={validator}
    templates={templates}
    noHtml5Validate
    showErrorList={false}
    onSubmit={({ formData }) => (page.sent = formData)}
  />,
)

function appearance({ type, properties, oneOf, items, ...option }: Option): UiSchema {
  if (option.const !== undefined || option.airbyte_hidden) return { 'ui:widget': 'hidden' }
  if (option.multiline) return { 'ui:widget': 'textarea' }
  if (option.airbyte_secret) return { 'ui:widget': 'password' }
  if (oneOf !== undefined) return { oneOf: oneOf.map((branch) => appearance(branch as Option)) }
  if (type === 'array') return { items: appearance(items as Option), 'ui:options': { orderable: false } }
  if (properties === undefined) return {}
  const options = Object.entries(properties) as [string, Option][]
  options.sort(([, one], [, other]) => (one.order ?? 0) - (other.order ?? 0))
  return {
    'ui:order': options.map(([name]) => name),
    ...Object.fromEntries(options.map(([name, each]) => [name, appearance(each)])),
  }
}

function ObjectFieldTemplate({ properties, fieldPathId, schema: object }: ObjectFieldTemplateProps) {
  if (fieldPathId.path.length > 0) return <Folded properties={properties} object={object} />
  const groupOf = ({ name }: ObjectFieldTemplatePropertyType) => (object.properties![name] as Option).group
  return schema.groups.map(({ id, title }) => (
    <section className="card" id={id} key={id}>
      <h2>{title}</h2>
      <Folded properties={properties.filter((property) => groupOf(property) === id)} object={object} />
    </section>
  ))
}

function Folded({ properties, object }: { properties: ObjectFieldTemplatePropertyType[]; object: Option }) {
  const isShown = ({ name, hidden }: ObjectFieldTemplatePropertyType) =>
    hidden || object.required?.includes(name) || (object.properties![name] as Option).always_show
  const folded = properties.filter((property) => !isShown(property))
  return (
    <>
      {properties.filter(isShown).map(({ content }) => content)}
      {folded.length > 0 && (
        <details>
          <summary>Optional fields ({folded.length})</summary>
          {folded.map(({ content }) => content)}
        </details>
      )}
    </>
  )
}

function FieldTemplate({
  id,
  label,
  schema: option,
  required,
  hidden,
  rawErrors,
  children,
}: FieldTemplateProps) {
  if (hidden || id === 'root') return children
  return (
    <div className="field">
      <Title of={option} {...{ id, label, required }} />
      {option.type !== 'boolean' && <p>{option.description}</p>}
      {children}
      {rawErrors?.map((error) => (
        <div className="error" key={error}>
          {error}
        </div>
      ))}
    </div>
  )
}

function Title({
  of: option,
  id,
  label,
  required,
}: {
  of: Option
  id: string
  label: string
  required: boolean | undefined
}) {
  // The title of a branch stands in the list of choices, and that of a box behind it.
  if (isBranch(option) || option.type === 'boolean') return null
  return (
    <label htmlFor={option.oneOf ? `${id}__oneof_select` : id} className={required ? 'required' : ''}>
      {label}
    </label>
  )
}

function isBranch({ properties = {} }: Option): boolean {
  return Object.values(properties).some(
    (property) => typeof property === 'object' && property.const !== undefined,
  )
}

function MultiSchemaFieldTemplate({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) {
  return (
    <div className="choice">
      {selector}
      {optionSchemaField}
    </div>
  )
}

function ArrayFieldTemplate({ items, onAddClick, title }: ArrayFieldTemplateProps) {
  return (
    <>
      {items}
      <button type="button" aria-label={`Add to ${title}`} onClick={onAddClick}>
        Add
      </button>
    </>
  )
}

function ArrayFieldItemTemplate({ children, buttonsProps }: ArrayFieldItemTemplateProps) {
  return (
    <div className="item">
      <div>{children}</div>
      <button type="button" onClick={buttonsProps.onRemoveItem}>
        Remove
      </button>
    </div>
  )
}
