/** Entry of index.html. */
import { mountApp } from './app.ts'
import './theme/theme.css'

const root = document.getElementById('app')
if (root !== null) mountApp(root)
