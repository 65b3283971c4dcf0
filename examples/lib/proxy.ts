import { type RequestListener, request } from 'node:http'
import { pipeline } from 'node:stream'

/** Passes requests on to a server on this machine. @param portOf its port, for the path of a request */
export function proxy(portOf: (path: string) => number): RequestListener {
  return (incoming, outgoing) => {
    const { url: path = '/', method, headers } = incoming
    // An answer that has begun cannot become another one.
    const failed = () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end())
    const passedOn = request({ host: '127.0.0.1', port: portOf(path), path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, outgoing, () => {})
    })
    passedOn.on('error', failed)
    pipeline(incoming, passedOn, () => {})
  }
}
