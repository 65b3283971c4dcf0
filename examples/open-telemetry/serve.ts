import {
  ConsoleLogRecordExporter,
  LoggerProvider,
  type LogRecordExporter,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import { serve } from '../lib/example.js'
import { startServerExample } from '../lib/server-example.js'
import { createApp } from './app.js'

/** @param exporter where the records go; yours may be `OTLPLogExporter`, behind a `BatchLogRecordProcessor` */
export function startOpenTelemetry(port?: number, exporter: LogRecordExporter = new ConsoleLogRecordExporter()) {
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
  return startServerExample(
    { client_id: 'open-telemetry-app' },
    (surroundings) => ({
      listener: createApp({ ...surroundings, logger: provider.getLogger('proofkey') }),
      close: () => provider.shutdown(),
    }),
    port,
  )
}

await serve(import.meta.url, 'proofkey with OpenTelemetry', startOpenTelemetry)
