/**
 * The one place where unknown JSON becomes typed. A decoder takes a value and the path that leads to it and returns the
 * typed value or throws a DecodeError that names the path. An absent field becomes the empty value of its kind, so that a
 * service may leave out what it has nothing to say about; a field of the wrong kind is an error.
 */
export type Decoder<T> = (value: unknown, path: string) => T;
export type Infer<D> = D extends Decoder<infer T> ? T : never;
export type Json = Readonly<Record<string, unknown>>;

export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

function wrong(path: string, wanted: string): never {
  throw new DecodeError(`${path}: expected ${wanted}`);
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export const string: Decoder<string> = (value, path) => {
  if (isAbsent(value)) return "";
  return typeof value === "string" ? value : wrong(path, "a string");
};

export const number: Decoder<number> = (value, path) => {
  if (isAbsent(value)) return 0;
  return typeof value === "number" ? value : wrong(path, "a number");
};

export const boolean: Decoder<boolean> = (value, path) => {
  if (isAbsent(value)) return false;
  return typeof value === "boolean" ? value : wrong(path, "true or false");
};

export const any: Decoder<unknown> = (value) => value;

export const json: Decoder<Json> = (value, path) => {
  if (isAbsent(value)) return {};
  return typeof value === "object" && !Array.isArray(value) ? (value as Json) : wrong(path, "an object");
};

export function nullable<T>(inner: Decoder<T>): Decoder<T | null> {
  return (value, path) => (isAbsent(value) ? null : inner(value, path));
}

/** One of the given words; the first of them when absent. */
export function oneOf<const T extends readonly [string, ...string[]]>(...words: T): Decoder<T[number]> {
  return (value, path) => {
    if (isAbsent(value)) return words[0];
    return words.find((word) => word === value) ?? wrong(path, words.join(" | "));
  };
}

export function array<T>(inner: Decoder<T>): Decoder<readonly T[]> {
  return (value, path) => {
    if (isAbsent(value)) return [];
    if (!Array.isArray(value)) return wrong(path, "an array");
    return value.map((element, index) => inner(element, `${path}[${index}]`));
  };
}

export function object<F extends Readonly<Record<string, Decoder<unknown>>>>(
  fields: F,
): Decoder<{ readonly [K in keyof F]: Infer<F[K]> }> {
  const entries = Object.entries(fields);
  return (value, path) => {
    const source = json(value, path);
    const decoded = entries.map(([key, decode]) => [
      key,
      decode(source[key], path === "" ? key : `${path}.${key}`),
    ]);
    return Object.fromEntries(decoded) as { readonly [K in keyof F]: Infer<F[K]> };
  };
}

/** JSON text of an untrusted origin; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
