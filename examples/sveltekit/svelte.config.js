import adapter from '@sveltejs/adapter-node'

// The folder of one build, where several may run.
const { OUT = '.svelte-kit', ISSUER } = process.env

/** @type {import('@sveltejs/kit').Config} */
export default {
  kit: {
    adapter: adapter({ out: `${OUT}/build` }),
    outDir: OUT,
    csp: {
      directives: {
        'default-src': ['none'],
        'script-src': ['self'],
        'style-src': ['self'],
        'connect-src': ['self'],
        'img-src': ['data:'],
        // The form that signs out is redirected to the authorization server.
        'form-action': ['self', ISSUER],
        'base-uri': ['none'],
        'frame-ancestors': ['none'],
      },
    },
    // SvelteKit refuses forms without an Origin, which would include back-channel logout: hooks.server.ts checks instead.
    csrf: { trustedOrigins: ['*'] },
  },
}
