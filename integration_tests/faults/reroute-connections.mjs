// Loaded into the connector with --import, so that every connection to a server, whichever address a sentinel or a
// cluster has named, leads to the proxy of the test. The first line tells the proxy which port was meant.
import { Socket } from 'node:net'

const proxyPort = Number(process.env['FAULT_PROXY_PORT'])
// oxlint-disable-next-line typescript/unbound-method -- it is called with its socket below.
const connect = Socket.prototype.connect

Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0]
  if (typeof options !== 'object' || options.port === undefined) return connect.apply(this, args)
  const meant = options.port
  options.port = proxyPort
  const socket = connect.apply(this, args)
  socket.write(`${meant}\n`)
  return socket
}
