/** The values of a space-separated list (RFC 6749 §3.3). */
export const scopes = (list: string | undefined): string[] => list?.split(' ').filter(Boolean) ?? []
