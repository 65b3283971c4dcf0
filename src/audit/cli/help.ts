/** Fits a screen of 80 columns and 50 lines. */
export const HELP = `Shows from outside whether an OAuth authorization server enforces what it should.

  proofkey audit https://login.example.com                      nobody signs in
  proofkey audit https://login.example.com --client-id my-spa   you sign in once
  proofkey audit proofkey.audit.json                            for CI
  proofkey audit --har recorded.har            what an app's sign-in shows
  proofkey audit init                          writes a configuration by asking

The client (a second one, for the checks that need it: --other-client-id ...)
  --client-id ID              registered at the server for the audit
  --client-secret-env NAME    the variable that holds its secret
  --client-secret-file FILE   the file that holds its secret
  --private-key-file FILE     its key (JWK or PEM), for private_key_jwt
  --cert FILE, --key FILE     its certificate and key (PEM), for mutual TLS
  --client-auth METHOD        e.g. client_secret_post
  --scope "SCOPE ..."         what its sign-ins ask for (openid)
  --redirect-uri URI          the registered one (http://127.0.0.1:8765/callback);
                              with https you paste the addresses
The sign-in (default: by you, in your browser)
  --sign-in FILE              a module: export default async (page) => {}
  --storage-state FILE        a signed-in browser, saved by Playwright
The checks
  --list, --explain ID        shows the checks, or one
  --sets SET,...              rfc9700, asvs-l1, asvs-l2, asvs-l3, fapi2
  --only ID,... --skip ID,... these checks, or not these
  --product NAME              names its settings where the metadata does not tell
                              which product it is
  --slow                      also checks that wait for minutes
  --i-may-test-this           the owner of the server has agreed to tests with
                              clients; needed at any host but this machine
The report
  --format FORMAT             terminal, json, sarif, junit, markdown, html
  --output FORMAT=FILE        writes a file; several are possible
  --fail-on SEVERITY          high (default), medium, low, never
  --baseline FILE             findings that are accepted
  --no-color                  also by NO_COLOR

Exit codes: 0 nothing failed, 1 a check failed (see --fail-on), 2 no audit.
Tokens that the audit obtains are revoked, and never printed or written.
`
