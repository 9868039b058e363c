const REMEMBERED = 1024;

/** A function of a text that remembers its answers, where few different texts come by. */
export function remember<T>(compute: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const answer = known.get(text);
    if (answer !== undefined || known.has(text)) return answer as T;
    const computed = compute(text);
    if (known.size >= REMEMBERED) known.delete(known.keys().next().value as string);
    known.set(text, computed);
    return computed;
  };
}
