/** The path of something on a server that is published under a path itself, such as `https://example.org/lan/`. */
export function underPath({ pathname }: URL, path: string): string {
  return `${pathname.replace(/\/+$/, '')}${path}`;
}
