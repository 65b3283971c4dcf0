/** Node's requests and responses as those of the Web, and back. */

export { type ToRequestOptions, toRequest } from './node-request.js'
export { appendHeaders, sendResponse } from './node-response.js'
