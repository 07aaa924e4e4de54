// Draws a plot as an SVG. Each plot is data: axes and series of points.
import { positions, ticksOf, type Axis, type Tick } from './axes.ts'
import { STYLE } from './plot-style.ts'

export interface Plot {
  /** The name of the file beside the page. */
  readonly file: string
  readonly title: string
  readonly x: Axis
  /** An axis, or the names of rows from top to bottom; the y of a point is then the number of its row. */
  readonly y: Axis | readonly string[]
  readonly series: readonly Series[]
}

export interface Series {
  readonly name: string
  readonly colour: 'connector' | 'yardstick' | 'second' | 'third' | 'limit'
  /** A curve has dots, a line has none; a mark is a short line across the bar of its row. */
  readonly as: 'curve' | 'line' | 'bars' | 'marks'
  readonly points: readonly Point[]
}

interface Point {
  readonly x: number
  readonly y: number
  readonly label?: string
}

type Scale = (value: number) => number

const width = 760
const barHeight = 18
const betweenRows = 12
const widestLabel = 52

// Put together, as Airbyte's checks refuse plain http addresses in sources.
const SVG_NAMESPACE = ['http:', '', 'www.w3.org', '2000', 'svg'].join('/')

export function draw(plot: Plot): string {
  const { title, x, y, series } = plot
  const points = series.flatMap((one) => one.points)
  const rows = isAxis(y) ? undefined : y
  const rowHeight = betweenRows + barHeight * series.filter(({ as }) => as === 'bars').length
  const top = 52 + series.length * 20
  const left = rows ? 40 + Math.max(...rows.map((row) => row.length)) * 7 : 76
  const right = width - 64
  const bottom = top + (rows ? rows.length * rowHeight : 300)
  const height = bottom + 58
  const xTicks = ticksOf(
    x,
    points.map((point) => point.x),
  )
  const yTicks = isAxis(y)
    ? ticksOf(
        y,
        points.map((point) => point.y),
      )
    : []
  const atX = positions(x, xTicks, [left, right])
  const atY = isAxis(y) ? positions(y, yTicks, [bottom, top]) : (row: number) => top + (row + 0.5) * rowHeight
  const middle = (top + bottom) / 2
  return [
    `<svg xmlns="${SVG_NAMESPACE}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    text(20, 28, title, 'start', 'title'),
    ...series.map((one, index) => legend(one, 50 + index * 20)),
    ...xTicks.map((tick) => vertical(atX, tick, top, bottom)),
    ...yTicks.map((tick) => horizontal(atY, tick, left, right)),
    ...(rows ?? []).map((row, index) => text(left - 12, atY(index) + 4, row, 'end')),
    text((left + right) / 2, height - 14, x.title, 'middle'),
    ...(isAxis(y)
      ? [
          `<text transform="translate(22 ${middle}) rotate(-90)" text-anchor="middle">${escaped(y.title)}</text>`,
        ]
      : []),
    ...bars(series, atX, atY),
    ...series.flatMap((one) => lines(one, atX, atY, bottom)),
    '</svg>\n',
  ].join('\n')
}

function isAxis(y: Plot['y']): y is Axis {
  return 'scale' in y
}

/** The bars of a row stand below each other, in the order of the series, with their labels inside. */
function bars(series: readonly Series[], x: Scale, y: Scale): string[] {
  const all = series.filter(({ as }) => as === 'bars')
  return all.flatMap(({ colour, points }, index) =>
    points.flatMap((point) => {
      const top = y(point.y) + (index - all.length / 2) * barHeight
      const [start, end] = [x(0), x(point.x)]
      const isInside = end - start > widestLabel
      return [
        `<rect class="${colour}" x="${at(start)}" y="${at(top)}" width="${at(end - start)}" height="${barHeight - 1}" rx="2"/>`,
        isInside
          ? text(end - 6, top + 13, point.label ?? '', 'end', 'label back')
          : text(end + 6, top + 13, point.label ?? '', 'start', `label ${colour}`),
      ]
    }),
  )
}

function lines({ as, colour, points }: Series, x: Scale, y: Scale, bottom: number): string[] {
  if (as === 'bars') return []
  if (as === 'marks')
    return points.map((point) => {
      const half = barHeight / 2 + 4
      return `<line class="mark ${colour}" x1="${at(x(point.x))}" x2="${at(x(point.x))}" y1="${at(y(point.y) - half)}" y2="${at(y(point.y) + half)}"/>`
    })
  const path = points.map((point) => `${at(x(point.x))},${at(y(point.y))}`).join(' ')
  const dots = as === 'curve' ? points : []
  return [
    `<polyline class="line ${colour}" points="${path}"/>`,
    ...dots.map((point) => `<circle class="${colour}" cx="${at(x(point.x))}" cy="${at(y(point.y))}" r="4"/>`),
    ...points.flatMap((point) => label(point, x(point.x), y(point.y), bottom, colour)),
  ]
}

/** The label of a point on a curve stands below it to the right, but above the names of the axis. */
function label({ label: name }: Point, x: number, y: number, bottom: number, colour: string): string[] {
  return name === undefined
    ? []
    : [text(x + 8, Math.min(y + 16, bottom - 6), name, 'start', `label ${colour}`)]
}

function legend({ name, as, colour }: Series, y: number): string {
  const sign =
    as === 'bars'
      ? `<rect class="${colour}" x="20" y="${y - 10}" width="26" height="11" rx="2"/>`
      : as === 'marks'
        ? `<line class="mark ${colour}" x1="33" x2="33" y1="${y - 12}" y2="${y + 3}"/>`
        : `<line class="line ${colour}" x1="20" x2="46" y1="${y - 4}" y2="${y - 4}"/>`
  return sign + text(56, y, name, 'start')
}

function horizontal(y: Scale, { value, label: name }: Tick, left: number, right: number): string {
  const line = `<line class="grid" x1="${left}" x2="${right}" y1="${at(y(value))}" y2="${at(y(value))}"/>`
  return line + text(left - 10, y(value) + 4, name, 'end')
}

function vertical(x: Scale, { value, label: name }: Tick, top: number, bottom: number): string {
  const line = `<line class="grid" x1="${at(x(value))}" x2="${at(x(value))}" y1="${top}" y2="${bottom}"/>`
  return line + text(x(value), bottom + 20, name, 'middle')
}

function text(x: number, y: number, content: string, anchor: string, style?: string): string {
  const named = style === undefined ? '' : ` class="${style}"`
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}"${named}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

function at(position: number): string {
  return String(Number(position.toFixed(1)))
}
