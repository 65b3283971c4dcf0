/**
 * oidc-provider warns that its quick start is not for production. True, and noise here: its notices are dropped, all
 * else is printed. Import it first, since the first notice comes at import.
 */
for (const level of ['info', 'warn'] as const) {
  const print = console[level].bind(console)
  console[level] = (...words: unknown[]) => {
    if (!/oidc-provider (NOTICE|WARNING)/.test(String(words[0]))) print(...words)
  }
}
