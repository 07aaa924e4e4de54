// The colours of plots, in light and in dark mode. A page shows the file as an image, whose styles are its own.
type Colours = Record<
  'back' | 'ink' | 'grid' | 'connector' | 'yardstick' | 'second' | 'third' | 'limit',
  string
>

const light: Colours = {
  back: '#ffffff',
  ink: '#1f2328',
  grid: '#d8dee4',
  connector: '#c6302b',
  yardstick: '#6e7781',
  second: '#0969da',
  third: '#8250df',
  limit: '#1f2328',
}

const dark: Colours = {
  back: '#0d1117',
  ink: '#e6edf3',
  grid: '#30363d',
  connector: '#ff6a61',
  yardstick: '#9198a1',
  second: '#58a6ff',
  third: '#bc8cff',
  limit: '#e6edf3',
}

export const STYLE = [
  rules(light),
  `@media(prefers-color-scheme:dark){${rules(dark)}}`,
  'text{font:13px system-ui,sans-serif}.title{font-weight:600;font-size:15px}.label{font-size:12px}',
  '.grid{stroke-width:1}.line,.mark{fill:none;stroke-width:2.5}.yardstick.line,.limit.line{stroke-dasharray:6 4}',
].join('')

function rules({ back, ink, grid, ...series }: Colours): string {
  const coloured = Object.entries(series).map(
    ([name, colour]) => `.${name}{fill:${colour}}.${name}.line,.${name}.mark{stroke:${colour}}`,
  )
  return `.back{fill:${back}}text{fill:${ink}}.grid{stroke:${grid}}${coloured.join('')}`
}
