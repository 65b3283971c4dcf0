import { defineConfig } from 'vitepress'
import { DIST, manifest, PAGES, REPOSITORY } from './paths.js'
import { sidebarOf } from './sidebar.js'

export default defineConfig({
  title: 'proofkey',
  description: manifest.description,
  lang: 'en',
  head: [['link', { rel: 'icon', href: 'data:,' }]], // there is none: without this every page asks for one
  srcDir: PAGES,
  outDir: DIST,
  cleanUrls: true,
  sitemap: { hostname: manifest.homepage },
  markdown: {
    // As code hosts make them, so that a link works there too.
    anchor: {
      slugify: (heading) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N}_\s-]/gu, '')
          .replace(/\s/g, '-'),
    },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/guide/page', activeMatch: '^/guide/' },
      { text: 'Providers', link: '/providers/', activeMatch: '^/providers/' },
      { text: 'Errors', link: '/errors/', activeMatch: '^/errors/' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: sidebarOf(PAGES),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path`, text: 'Edit this page' },
    footer: { message: 'MIT License' },
  },
})
