import { spawn } from 'node:child_process'

const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  // `start` is a command of the shell, which would read `&` in a URL; this program does not.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Opens a URL in the person's browser, where there is one. Says nothing if it cannot: the URL is printed as well. */
export function openUrl(url: string, env: Readonly<Record<string, string | undefined>>): void {
  const { platform } = process
  if (env['CI'] || (platform !== 'darwin' && platform !== 'win32' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'])) return
  const [command, ...args] = OPENERS[platform] ?? ['xdg-open']
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true, windowsHide: true })
  child.on('error', () => {})
  child.unref()
}
