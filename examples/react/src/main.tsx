import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import '../../lib/style.css'
import { App } from './App.js'

createRoot(document.getElementById('app') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
