import type { IncomingMessage, ServerResponse } from 'node:http'

/** Lets the pages of every origin read the answers, as an app adds it where its server's library leaves that to the app. */
export const withCors =
  (listener: (request: IncomingMessage, response: ServerResponse) => unknown) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('access-control-allow-origin', '*')
    if (request.method !== 'OPTIONS') return void listener(request, response)
    response.setHeader('access-control-allow-methods', 'GET, POST')
    response.setHeader('access-control-allow-headers', 'authorization, content-type')
    response.writeHead(204).end()
  }
