import { render } from 'preact';
import { App } from './app.tsx';
import './main.css';

const place = document.getElementById('page');
if (place) render(<App />, place);
