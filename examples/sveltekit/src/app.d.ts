// In an app of yours: from 'proofkey/server'.
import type { Session } from '../../../src/server.js'

declare global {
  namespace App {
    interface Locals {
      session: Session | undefined
    }
  }
}
