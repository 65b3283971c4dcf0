/** What JSON from a server can hold. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined }

/** Seconds since the epoch, in a JWT (RFC 7519 §2, NumericDate). */
export const isTime = (value: unknown): value is number => Number.isFinite(value)
/** Text that is not empty. */
export const isName = (value: unknown): value is string => typeof value === 'string' && value !== ''
