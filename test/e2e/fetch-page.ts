import { type FetchOutcomes, runFetchCases } from '../helpers/fetch-cases.js'

declare global {
  var runCases: () => Promise<FetchOutcomes>
}
globalThis.runCases = () => runFetchCases(`${location.origin}/echo`)
