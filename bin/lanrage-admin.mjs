#!/usr/bin/env node
// The `lanrage-admin` command, for the operator of a server.
import { loadProgram } from './load-program.mjs';

loadProgram('lanrage-admin');
