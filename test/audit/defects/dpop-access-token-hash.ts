export { defect } from './dpop-bound-token.js'
