type Message = {
  type: string
  spec?: object
  connectionStatus?: { status: string; message?: string }
  state?: { id: number; destinationStats?: { recordCount: number } }
}

export function messagesIn(stdout: string): Message[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Message => JSON.parse(line))
}

export function statesIn(stdout: string) {
  return messagesIn(stdout).flatMap(({ state }) =>
    state ? [{ id: state.id, recordCount: state.destinationStats?.recordCount }] : [],
  )
}

/** One stream `people` in each of the namespaces, appended. */
export function configuredCatalog(...namespaces: string[]) {
  const streams = namespaces.map((namespace) => ({
    stream: { name: 'people', namespace, json_schema: {}, supported_sync_modes: ['incremental'] },
    sync_mode: 'incremental',
    destination_sync_mode: 'append',
  }))
  return { streams }
}

/** Records of one stream with a numbered state after `every` so many of them, and after the last. */
export function* linesOf(namespace: string, { records, every }: { records: number; every: number }) {
  let states = 0
  for (let id = 1; id <= records; id += 1) {
    const data = { name: `Ada ${id} ☂`, tags: ['a', null, { deep: true }], about: 'x'.repeat(500) }
    const record = { stream: 'people', namespace, emitted_at: 1_700_000_000_000 + id, data }
    yield `${JSON.stringify({ type: 'RECORD', record })}\n`
    if (id % every === 0 || id === records) {
      states += 1
      yield `${JSON.stringify({ type: 'STATE', state: stateOf(namespace, states) })}\n`
    }
  }
}

function stateOf(namespace: string, id: number) {
  return {
    type: 'STREAM',
    id,
    stream: { stream_descriptor: { name: 'people', namespace }, stream_state: { cursor: id } },
  }
}
