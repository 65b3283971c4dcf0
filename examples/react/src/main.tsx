import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createBrowserRouter, type LoaderFunctionArgs, RouterProvider, redirect } from 'react-router'
import { admit, start } from '../../lib/auth.js'
import '../../lib/style.css'
import { App } from './App.js'
import { Home, Visits } from './pages.js'

/** A visitor signs in first, and comes back to the page. */
async function guard({ request }: LoaderFunctionArgs) {
  const { pathname, search } = new URL(request.url)
  return (await admit(pathname + search)) ? null : redirect('/')
}

await start(() => {
  const router = createBrowserRouter([
    {
      Component: App,
      HydrateFallback: App,
      children: [
        { path: '/visits', Component: Visits, loader: guard },
        { path: '*', Component: Home },
      ],
    },
  ])
  createRoot(document.getElementById('app') as HTMLElement).render(
    <StrictMode>
      <RouterProvider router={router} />
    </StrictMode>,
  )
})
