import { mount } from 'svelte';
import '../app.css';
import SocketTest from './SocketTest.svelte';

const target = document.getElementById('app');
if (target) mount(SocketTest, { target });
