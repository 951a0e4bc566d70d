/** Values that wait to be taken once: by whichever node, and not after their time. */
export interface OneTimeStore {
  put(key: string, value: string, lifetimeMs: number): Promise<void>;
  /** Takes the value out, so that nobody else gets it. @returns null when it expired or never was */
  take(key: string): Promise<string | null>;
}
