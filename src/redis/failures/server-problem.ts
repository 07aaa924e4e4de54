/** The problems of one server that several rooms report. */
import { problem, type Problem } from '../../errors.ts'
import type { Where } from '../transport/address.ts'

/** Returns a problem of one server; `clause` follows its name. */
export function serverProblem(
  where: Where,
  code: string,
  clause: string,
  remedy = '',
  options: readonly string[] = [],
): Problem {
  return problem(code, `Redis at ${where} ${clause}.${remedy && ` ${remedy}`}`, {
    options,
    params: { where },
  })
}

export function serverBusy(where: Where): Problem {
  return serverProblem(
    where,
    'server-busy',
    'runs a script that takes long (BUSY)',
    'Wait for it, or end it (SCRIPT KILL).',
  )
}

export function clusterReorganised(where: Where): Problem {
  return problem('cluster-reorganised', `The cluster of ${where} moves slots between its nodes.`, {
    params: { where },
  })
}

export function isClusterNode(where: Where): Problem {
  return serverProblem(
    where,
    'server-is-cluster-node',
    'is a node of a cluster',
    'Set deployment to cluster, with its nodes.',
    ['deployment'],
  )
}

export function isNoClusterNode(where: Where): Problem {
  return serverProblem(
    where,
    'server-is-no-cluster-node',
    'is not a node of a cluster',
    'Set deployment to standalone, and host and port to this server.',
    ['deployment'],
  )
}

export function hasNoAppendOnlyFile(where: Where): Problem {
  return problem(
    'append-only-file-off',
    `durability with mode fsync waits for the append-only file, and Redis at ${where} has none. ` +
      'Set appendonly to yes there, or choose another durability.',
    { options: ['durability'], params: { where } },
  )
}
