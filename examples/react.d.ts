/** The two hooks that use-samples.ts needs, as @types/react has them: neither it nor React is installed here. */
declare module "react" {
  export function useState<T>(initial: T): [T, (value: T) => void];
  export function useEffect(effect: () => undefined | (() => void), needs: readonly unknown[]): void;
}
