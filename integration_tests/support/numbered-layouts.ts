// Two layouts, and the keys in which a run numbers what it writes in each of them.
export const NUMBERED = [
  {
    name: 'string',
    numbers: '_airbyte:marker:*',
    options: { cache_type: 'string', data_format: 'json', key_template: 'k:${id}' },
  },
  {
    name: 'list',
    numbers: '_airbyte:sequence:*',
    options: { cache_type: 'list', data_format: 'json', key_template: 'l:${id}' },
  },
] as const
