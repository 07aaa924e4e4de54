/** Reads `redirect_hosts`: which hosts sentinels and cluster nodes may name. */
import { BlockList, isIP } from 'node:net'
import { optionProblem, type Problem } from '../../errors.ts'
import type { Deployment, HostRules } from '../settings/config.ts'
import { withoutBrackets } from './host-port.ts'

type Rule = { readonly name: RegExp } | Range

interface Range {
  readonly address: string
  readonly bits: number
  readonly version: 'ipv4' | 'ipv6'
}

/** A part between dots. With more than one `*`, matching would not take linear time. */
const LABEL = /^[\w-]*(?:\*[\w-]*)?$/

/** Such a pattern is meant for addresses, and would also match names such as 10.0.evil.example. */
function looksLikeAddress(name: string): boolean {
  return /^[\d.*]+$/.test(name) && /\d/.test(name)
}

/** The schema refuses wrong types. Undefined where any host may be named; hosts of the deployment always may. */
export function readRedirectHosts(
  texts: unknown,
  deployment: Deployment,
  problems: Problem[],
): HostRules | undefined {
  if (!Array.isArray(texts) || texts.length === 0) return undefined
  const rules = texts.flatMap((text: unknown, index) => {
    if (typeof text !== 'string') return []
    const rule = readRule(text.trim())
    if (rule === undefined) problems.push(malformed(`redirect_hosts[${index}]`))
    return rule ?? []
  })
  return rulesOf(rules, new Set(hostsOf(deployment)))
}

function rulesOf(rules: readonly Rule[], configured: ReadonlySet<string>): HostRules {
  const ranges = new BlockList()
  for (const rule of rules) if ('address' in rule) ranges.addSubnet(rule.address, rule.bits, rule.version)
  return (named) => {
    const host = comparable(named)
    if (configured.has(host)) return true
    const address = host.replace(/%.*$/s, '')
    // A name is not looked up: it is allowed by its name only, and an address by its digits only.
    return isIP(address) === 0
      ? rules.some((rule) => 'name' in rule && rule.name.test(host))
      : ranges.check(address, versionOf(address))
  }
}

function readRule(text: string): Rule | undefined {
  const slash = text.indexOf('/')
  const address = withoutBrackets(slash === -1 ? text : text.slice(0, slash))
  if (isIP(address) !== 0) {
    const version = versionOf(address)
    const most = version === 'ipv4' ? 32 : 128
    const digits = slash === -1 ? String(most) : text.slice(slash + 1)
    const bits = /^\d{1,3}$/.test(digits) ? Number(digits) : Infinity
    return bits > most ? undefined : { address, bits, version }
  }
  const name = comparable(text)
  const isName = name.split('.').every((label) => label !== '' && LABEL.test(label))
  return isName && !looksLikeAddress(name) ? { name: expressionOf(name) } : undefined
}

/** A pattern has no other characters with a meaning of their own. */
function expressionOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll('.', String.raw`\.`).replaceAll('*', '[^.]*')}$`)
}

function versionOf(address: string): Range['version'] {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

function hostsOf(deployment: Deployment): string[] {
  const addresses = 'nodes' in deployment ? deployment.nodes : [deployment.address]
  return addresses.flatMap((address) => ('host' in address ? [comparable(address.host)] : []))
}

function comparable(host: string): string {
  const name = host.toLowerCase()
  return name.endsWith('.') ? name.slice(0, -1) : name
}

function malformed(option: string): Problem {
  return optionProblem(
    'redirect-host-malformed',
    option,
    'must be the name of a host, in which each part between dots may have one *, an address, or a range such as 10.0.0.0/16',
  )
}
