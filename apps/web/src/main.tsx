import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { startApp } from './app/app.ts'
import { startPreferences } from './ui/preferences.ts'
import { Root } from './ui/Root.tsx'
import './ui/styles/index.css'

const root = document.getElementById('root')
if (!root) throw new Error('no root element')
startPreferences()
createRoot(root).render(
  <StrictMode>
    <Root app={startApp()} />
  </StrictMode>,
)
