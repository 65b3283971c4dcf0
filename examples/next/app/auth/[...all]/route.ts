import { auth } from '../../../lib/auth'

const handle = async (request: Request) => (await auth().handle(request)) ?? new Response(null, { status: 404 })

/** Sign-in, callback, sign-out, back-channel logout. Link to the sign-in by `<a>`: a `<Link>` fetches ahead of the click. */
export { handle as GET, handle as POST }
