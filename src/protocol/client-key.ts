/** Who a sign-in belongs to: one client at one issuer. */
export const owner = (issuer: string, clientId: string): string => JSON.stringify([issuer, clientId])
