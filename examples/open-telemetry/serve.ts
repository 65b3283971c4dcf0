import { randomBytes } from 'node:crypto'
import {
  ConsoleLogRecordExporter,
  LoggerProvider,
  type LogRecordExporter,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import { serve, startExample } from '../lib/example.js'
import { createApp } from './app.js'

/** @param exporter where the records go; yours may be `OTLPLogExporter`, behind a `BatchLogRecordProcessor` */
export function startOpenTelemetry(port?: number, exporter: LogRecordExporter = new ConsoleLogRecordExporter()) {
  const clientSecret = randomBytes(32).toString('base64url')
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
  return startExample(
    { client_id: 'open-telemetry-app', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' },
    (surroundings) => ({
      listener: createApp({ ...surroundings, clientSecret, logger: provider.getLogger('proofkey') }),
      close: () => provider.shutdown(),
    }),
    port,
  )
}

await serve(import.meta.url, 'proofkey with OpenTelemetry', startOpenTelemetry)
