/** What a person prefers on this device. Storage may be refused; then a preference lasts as long as the page. */
export type Theme = "auto" | "light" | "dark";

export function readPreference(key: string): string | null {
  try {
    return localStorage.getItem(`lyceum.${key}`);
  } catch {
    return null;
  }
}

export function writePreference(key: string, value: string): void {
  try {
    localStorage.setItem(`lyceum.${key}`, value);
  } catch {
    // A preference that cannot be kept is no reason to stop.
  }
}

export function readTheme(): Theme {
  const value = readPreference("theme");
  return value === "light" || value === "dark" ? value : "auto";
}

export function showTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
