// Three things that people set up, as they fill in the form: by the titles of options.
import type { FormPage } from './form-page.ts'

/** The address of a server that fits the use, and what is needed to reach it. */
export interface Target {
  host: string
  port: number
  nodes?: string[]
  authority?: string
}

export interface TypicalUse {
  title: string
  /** The card that is shown in the documentation. */
  card: string
  fill: (form: FormPage, target: Target) => Promise<void>
  /** The configuration that somebody would write by hand. */
  means: (target: Target) => object
}

export const LOGIN = { username: 'airbyte', password: 'a-long-password' }

export const PROFILES: TypicalUse = {
  title: 'one hash per customer, for a day',
  card: 'What a record becomes',
  async fill(form, { host, port }) {
    await form.set('Host', host)
    await form.set('Port', String(port))
    await form.set('Username', LOGIN.username)
    await form.set('Password', LOGIN.password)
    await form.set('Data format', 'flat')
    await form.set('Key template', 'customer:${id}')
    await form.set('TTL (seconds)', '86400')
  },
  means: ({ host, port }) => ({
    host,
    port,
    ...LOGIN,
    data_format: 'flat',
    key_template: 'customer:${id}',
    ttl_seconds: 86_400,
  }),
}

export const EVENTS: TypicalUse = {
  title: 'the last thousand events of each type, over TLS',
  card: 'Lists, sets and streams',
  async fill(form, { host, port, authority = '' }) {
    await form.set('Host', host)
    await form.set('Port', String(port))
    await form.set('SSL connection', true)
    const login = form.card('Log in and encrypt')
    await form.unfold(login)
    await form.set('SSL mode', 'Verify everything (verify-full)')
    await form.unfold(login)
    await form.set('CA certificate', authority)
    await form.set('Cache type', 'list')
    await form.set('Data format', 'json')
    await form.set('Key template', 'events:${type}')
    await form.unfold(form.card('Lists, sets and streams'))
    await form.set('List: operation', 'prepend')
    await form.set('List and stream: maximum length', '1000')
  },
  means: ({ host, port, authority }) => ({
    host,
    port,
    ssl: true,
    ssl_mode: { mode: 'verify-full', ca_certificate: authority },
    cache_type: 'list',
    data_format: 'json',
    key_template: 'events:${type}',
    list_operation: 'prepend',
    max_length: 1000,
  }),
}

export const STREAMS: TypicalUse = {
  title: 'two streams with layouts of their own, in a cluster',
  card: 'Where is Redis',
  async fill(form, { nodes = [] }) {
    await form.set('Deployment', 'Cluster')
    const server = form.card('Where is Redis')
    for (const [index, node] of nodes.entries()) {
      if (index > 0) await server.getByRole('button', { name: 'Add to Nodes' }).click()
      await server.locator('.item input').nth(index).fill(node)
    }
    const records = form.card('What a record becomes')
    const add = records.getByRole('button', { name: 'Add to Streams' })
    await add.click()
    const customers = form.entry('Stream', 0)
    await form.set('Stream', 'customers', customers)
    await form.unfold(customers)
    await form.set('Data format', 'flat', customers)
    await form.set('Key template', 'customer:${id}', customers)
    for (const [index, column] of ['id', 'e_mail -> email'].entries()) {
      await customers.getByRole('button', { name: 'Add to Fields' }).click()
      await customers.locator('.item input').nth(index).fill(column)
    }
    await add.click()
    const orders = form.entry('Stream', 1)
    await form.set('Stream', 'orders', orders)
    await form.unfold(orders)
    await form.set('Cache type', 'string', orders)
    await form.set('Data format', 'json', orders)
    await form.set('Key template', 'order:${id}', orders)
    await form.set('Column', 'status', orders)
    await form.set('Value', '3', orders)
    await form.unfold(form.card('Updates and deletes'))
    await form.set('Delete mode', 'ttl')
    await form.set('TTL after a delete (seconds)', '3600')
    await form.unfold(form.card('Delivery (advanced)'))
    await form.set('On record error', 'dead_letter')
  },
  means: ({ nodes }) => ({
    deployment: { mode: 'cluster', nodes },
    streams: [
      {
        stream: 'customers',
        data_format: 'flat',
        key_template: 'customer:${id}',
        fields: ['id', 'e_mail -> email'],
      },
      {
        stream: 'orders',
        cache_type: 'string',
        data_format: 'json',
        key_template: 'order:${id}',
        record_filter: { field: 'status', equals: '3' },
      },
    ],
    delete_mode: 'ttl',
    delete_ttl_seconds: 3600,
    on_record_error: 'dead_letter',
  }),
}
