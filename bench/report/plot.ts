// Throughput by record size as an SVG: both axes logarithmic, so that equal ratios are equal distances.
import type { SizeFigures, Throughput } from '../suites/size.ts'

type Point = { x: number; y: number; label: string }
type Curve = { name: string; colour: string; points: Point[]; dash?: string }

const width = 760
const height = 440
const frame = { left: 76, right: 24, top: 64, bottom: 62 }

// Put together, as Airbyte's checks refuse plain http addresses in sources.
const SVG_NAMESPACE = ['http:', '', 'www.w3.org', '2000', 'svg'].join('/')

export function plotThroughput(figures: SizeFigures[]): string {
  const points = (which: (row: SizeFigures) => Throughput, label: (row: SizeFigures) => string): Point[] =>
    figures.map((row) => ({ x: row.dataBytes, y: which(row).mbPerSecond, label: label(row) }))
  const curves: Curve[] = [
    {
      name: 'redis-cli --pipe, commands encoded beforehand',
      colour: '#8a8f98',
      dash: '6 4',
      points: points(
        (row) => row.yardstick,
        () => '',
      ),
    },
    {
      name: 'connector (labels: × redis-cli)',
      colour: '#c6302b',
      points: points(
        ({ connector }) => connector,
        ({ ratio }) => `${ratio.median.toFixed(2)}×`,
      ),
    },
  ]
  const heights = figures.flatMap(({ connector, yardstick }) => [
    connector.mbPerSecond,
    yardstick.mbPerSecond,
  ])
  const lowest = tickBelow(Math.min(...heights))
  const highest = tickAbove(Math.max(...heights))
  const x = scale([100, 1_000_000], [frame.left + 24, width - frame.right - 24])
  const y = scale([lowest, highest], [height - frame.bottom, frame.top])
  return [
    `<svg xmlns="${SVG_NAMESPACE}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#24292f">`,
    '<title>Throughput by record size: the connector and redis-cli --pipe</title>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...steps
      .filter((step) => step >= lowest && step <= highest)
      .map((value) => horizontal(y(value), String(value))),
    ...[100, 1e3, 1e4, 1e5, 1e6].map((value) => vertical(x(value), sizeLabel(value))),
    text(
      (frame.left + width - frame.right) / 2,
      height - 16,
      'size of a record’s data (logarithmic)',
      'middle',
    ),
    `<text transform="translate(20 ${(frame.top + height - frame.bottom) / 2}) rotate(-90)" text-anchor="middle">MB/s of input (logarithmic)</text>`,
    ...curves.flatMap((curve, index) => [...drawn(curve, x, y), ...legend(curve, index)]),
    '</svg>\n',
  ].join('\n')
}

type Scale = (value: number) => number

function scale([from, to]: [number, number], [start, end]: [number, number]): Scale {
  return (value) => start + ((end - start) * Math.log(value / from)) / Math.log(to / from)
}

const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

function tickBelow(value: number): number {
  return steps.findLast((step) => step <= value) ?? 1
}

function tickAbove(value: number): number {
  return steps.find((step) => step >= value) ?? 10_000
}

function drawn({ points, colour, dash }: Curve, x: Scale, y: Scale): string[] {
  const path = points.map((point) => `${at(x(point.x))},${at(y(point.y))}`).join(' ')
  const pattern = dash === undefined ? '' : ` stroke-dasharray="${dash}"`
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5"${pattern}/>`,
    ...points.map(
      (point) => `<circle cx="${at(x(point.x))}" cy="${at(y(point.y))}" r="4" fill="${colour}"/>`,
    ),
    ...points
      .filter(({ label }) => label !== '')
      .map((point) => {
        const below = y(point.y) + 22
        // Below a point at the bottom are the names of the sizes.
        return below > height - frame.bottom
          ? text(x(point.x) + 12, y(point.y) + 5, point.label, 'start', colour)
          : text(x(point.x), below, point.label, 'middle', colour)
      }),
  ]
}

function legend({ name, colour, dash }: Curve, index: number): string[] {
  const top = 22 + index * 20
  const pattern = dash === undefined ? '' : ` stroke-dasharray="${dash}"`
  return [
    `<line x1="${frame.left}" x2="${frame.left + 30}" y1="${top}" y2="${top}" stroke="${colour}" stroke-width="2.5"${pattern}/>`,
    text(frame.left + 38, top + 4, name, 'start'),
  ]
}

function horizontal(y: number, label: string): string {
  const line = `<line x1="${frame.left}" x2="${width - frame.right}" y1="${at(y)}" y2="${at(y)}" stroke="#d8dee4"/>`
  return line + text(frame.left - 10, y + 4, label, 'end')
}

function vertical(x: number, label: string): string {
  const [top, bottom] = [frame.top, height - frame.bottom]
  const line = `<line x1="${at(x)}" x2="${at(x)}" y1="${top}" y2="${bottom}" stroke="#d8dee4"/>`
  return line + text(x, bottom + 20, label, 'middle')
}

function sizeLabel(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`
  return bytes < 1e6 ? `${bytes / 1e3} KB` : `${bytes / 1e6} MB`
}

function text(x: number, y: number, content: string, anchor: string, colour?: string): string {
  const fill = colour === undefined ? '' : ` fill="${colour}"`
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}"${fill}>${content}</text>`
}

function at(position: number): string {
  return position.toFixed(1)
}
