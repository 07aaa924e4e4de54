/** Says what is wrong with bytes of a server that are no reply, or not one that the command can have. */
import { ConfigError, problem, TransientError, type ConnectorError, type Problem } from '../../errors.ts'
import type { ProtocolError } from '../resp/protocol-error.ts'
import type { Where } from '../transport/address.ts'

const REMEDY = 'Check the server, and proxies in between.'

export function protocolProblem(cause: ProtocolError, where: Where): ConnectorError {
  const { violation, command = '' } = cause
  const params = { where, command }
  switch (violation) {
    case 'not RESP':
      return new ConfigError(
        problem('not-redis', `The server at ${where} is not Redis. Check host and port.`, {
          options: ['host', 'port'],
          params: { where },
        }),
        { cause },
      )
    case 'garbled':
    case 'other type':
      return new ConfigError(
        problem(
          'reply-invalid',
          `The server at ${where} answered ${command || 'a command'} with bytes that are no reply to it. ${REMEDY}`,
          { params },
        ),
        { cause },
      )
    case 'too long':
      return new ConfigError(
        problem(
          'reply-too-long',
          `The server at ${where} answered ${command || 'a command'} with more than it ever needs. ${REMEDY}`,
          { params },
        ),
        { cause },
      )
    case 'unasked':
      return new ConfigError(unasked(where), { cause })
    case 'unasked error':
      return new TransientError(unasked(where), { cause })
  }
}

function unasked(where: Where): Problem {
  return problem('reply-unasked', `The server at ${where} sent a reply to no command. ${REMEDY}`, {
    params: { where },
  })
}
