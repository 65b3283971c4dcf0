import adapter from '@sveltejs/adapter-node'

// In an app of yours the issuer stands here, and the folder is .svelte-kit.
const { OUT = '.svelte-kit', ISSUER = 'https://login.example.com' } = process.env

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
        // SvelteKit's router hides its announcements by an attribute.
        'style-src-attr': ['unsafe-inline'],
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
