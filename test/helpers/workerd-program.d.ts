/** The path of the runtime's program. */
declare module 'workerd' {
  const path: string
  export default path
}
