import { createApp } from 'vue'
import '../../lib/style.css'
import App from './App.vue'

createApp(App).mount('#app')
