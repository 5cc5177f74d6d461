import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { watchAttendance } from './ui/attendance.ts'
import { Root } from './ui/Root.tsx'
import './ui/styles/index.css'

const root = document.getElementById('root')
if (!root) throw new Error('no root element')
watchAttendance()
createRoot(root).render(
  <StrictMode>
    <Root />
  </StrictMode>,
)
