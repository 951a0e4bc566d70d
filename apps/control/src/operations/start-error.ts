/** A reason not to start that whoever runs the server can mend: shown as a sentence, without a stack. */
export class StartError extends Error {}
