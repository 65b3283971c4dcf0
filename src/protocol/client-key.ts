/** Who a sign-in belongs to: one client at one issuer. */
export const clientKeyOf = (issuer: string, clientId: string): string => JSON.stringify([issuer, clientId])
