/** Bytes as base64url without padding (RFC 7636 appendix A). */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/=/g, '')
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
}

/** Decodes base64url or base64. @throws if the text is neither */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  const bytes = new Uint8Array(characters.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = characters.charCodeAt(index)
  return bytes
}
