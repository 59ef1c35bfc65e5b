/** Whether a file's name, as another file gives it, stays in the folder: not empty, not absolute, without "..". */
export function staysInside(name: string): boolean {
  return name !== "" && !/^[/\\]|^[a-z]:|\0/i.test(name) && !name.split(/[/\\]/).includes("..");
}
