import { createApp } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { admit, start } from '../../lib/auth.js'
import '../../lib/style.css'
import App from './App.vue'
import HomePage from './HomePage.vue'
import VisitsPage from './VisitsPage.vue'

await start(() => {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      // The guard: a visitor signs in first, and comes back to the page.
      { path: '/visits', component: VisitsPage, beforeEnter: async ({ fullPath }) => (await admit(fullPath)) || '/' },
      { path: '/:any(.*)', component: HomePage },
    ],
  })
  createApp(App).use(router).mount('#app')
})
