/** Words and figures for people. */
export function statusLabel(phase: string, status: string | null): string {
  if (phase !== "terminal") return phase;
  return status === "completed_partial" ? "partly completed" : (status ?? "ended");
}

/** "user:ann" → "ann", "agent:deep_search.find" → "deep_search.find". */
export function actorName(actor: string): string {
  return actor.replace(/^(user|agent|tool):/, "") || "service";
}

export function isPerson(actor: string): boolean {
  return actor.startsWith("user");
}

export function bytesLabel(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
}

export function countLabel(count: number): string {
  if (count < 10_000) return String(Math.round(count));
  return count < 1e6 ? `${(count / 1e3).toFixed(0)}k` : `${(count / 1e6).toFixed(1)}M`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export function durationLabel(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function clockLabel(ms: number): string {
  return clock.format(ms);
}

export function whenLabel(ms: number, nowMs: number): string {
  const ago = nowMs - ms;
  if (ago < 60_000) return "just now";
  if (ago < 3_600_000) return `${Math.floor(ago / 60_000)} min ago`;
  if (ago < 86_400_000) return `${Math.floor(ago / 3_600_000)} h ago`;
  return day.format(ms);
}

/** What becomes of a hold that nobody decides, and when. */
export function expiryLabel(expiresMs: number, onExpiry: string, nowMs: number): string {
  const leftS = Math.ceil((expiresMs - nowMs) / 1000);
  if (leftS <= 0) return onExpiry === "keep" ? "overdue" : "time is up";
  const left =
    leftS < 60
      ? `${leftS} s`
      : leftS < 3600
        ? `${Math.floor(leftS / 60)} min ${leftS % 60} s`
        : `${Math.floor(leftS / 3600)} h ${Math.floor((leftS % 3600) / 60)} min`;
  if (onExpiry === "keep") return `due in ${left}`;
  return onExpiry === "deny" ? `denied in ${left}` : `step cancelled in ${left}`;
}

/** A value of unknown shape in one line. */
export function brief(value: unknown, charsMax = 160): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text;
}
