/** What JSON from a server can hold. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined }
