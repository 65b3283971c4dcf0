import { mount } from 'svelte'
import { start } from '../../lib/auth.js'
import '../../lib/style.css'
import App from './App.svelte'

await start(() => {
  mount(App, { target: document.getElementById('app') as HTMLElement })
})
