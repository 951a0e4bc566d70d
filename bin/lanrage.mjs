#!/usr/bin/env node
// The `lanrage` command: runs the compiled agent.
import { loadProgram } from './load-program.mjs';

loadProgram('lanrage');
