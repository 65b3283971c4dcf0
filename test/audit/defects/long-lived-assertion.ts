export { defect } from './assertion-audience.js'
