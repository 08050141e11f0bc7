/** What every page of the application shares: the session, the address, the run list, the model and the theme. */
import { ApiError, api } from "../protocol/api";
import { openBrowserSocket, type Link, type LinkState } from "../protocol/link";
import type { Collection, ModelInfo, RunSummary } from "../protocol/objects";
import { watchRuns } from "../protocol/watch-feed";
import { readPreference, readTheme, showTheme, writePreference, type Theme } from "./preferences";
import { parseRoute, type Route } from "./route";
import { inbox, reduceRuns } from "./run-list";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isError: boolean;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class App {
  session = $state<"opening" | "open" | "refused" | "unreachable">("opening");
  route = $state.raw<Route>(parseRoute(location.hash));
  runs = $state.raw<readonly RunSummary[]>([]);
  nextRuns = $state<string | null>(null);
  collections = $state.raw<readonly Collection[]>([]);
  model = $state.raw<ModelInfo | null>(null);
  link = $state.raw<LinkState>({ kind: "connecting" });
  theme = $state<Theme>(readTheme());
  hasShortcuts = $state(readPreference("shortcuts") !== "off");
  toasts = $state.raw<readonly Toast[]>([]);
  nowMs = $state(Date.now());
  waiting = $derived(inbox(this.runs));
  private feed: Link | null = null;
  private toastCount = 0;

  async start(): Promise<void> {
    showTheme(this.theme);
    window.addEventListener("hashchange", () => {
      this.route = parseRoute(location.hash);
    });
    window.addEventListener("online", () => this.feed?.restart());
    setInterval(() => {
      this.nowMs = Date.now();
    }, 1000);
    const token = /^#token=(.+)$/.exec(location.hash)?.[1];
    if (token === undefined) await this.enter();
    else await this.present(decodeURIComponent(token));
  }

  /** Trades a token for the session's cookie and takes it out of the address. */
  async present(token: string): Promise<void> {
    history.replaceState(null, "", "#/");
    this.route = parseRoute("#/");
    try {
      await api.openSession(token);
      await this.enter();
    } catch (error) {
      this.refused(error);
    }
  }

  private async enter(): Promise<void> {
    try {
      this.model = await api.model();
      this.session = "open";
    } catch (error) {
      this.refused(error);
      return;
    }
    this.feed?.stop();
    this.feed = watchRuns(openBrowserSocket, {
      changed: (run) => {
        this.runs = reduceRuns(this.runs, run);
      },
      resync: () => void this.readRuns(),
      state: (state) => {
        this.link = state;
        if (state.kind === "refused" && state.code === 4401) this.session = "refused";
      },
    });
    this.feed.start();
    await this.readCollections();
  }

  private refused(error: unknown): void {
    const isDenied =
      error instanceof ApiError && ["unauthenticated", "http_401", "forbidden"].includes(error.code);
    this.session = isDenied ? "refused" : "unreachable";
  }

  async retry(): Promise<void> {
    this.session = "opening";
    await this.enter();
  }

  private async readRuns(): Promise<void> {
    await this.attempt(async () => {
      const page = await api.runs();
      this.runs = page.runs;
      this.nextRuns = page.next;
    });
  }

  async readMoreRuns(): Promise<void> {
    const before = this.nextRuns;
    if (before === null) return;
    await this.attempt(async () => {
      const page = await api.runs(before);
      this.runs = page.runs.reduce(reduceRuns, this.runs);
      this.nextRuns = page.next;
    });
  }

  async readCollections(): Promise<void> {
    await this.attempt(async () => {
      this.collections = (await api.collections()).collections;
    });
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    writePreference("theme", theme);
    showTheme(theme);
  }

  setShortcuts(isOn: boolean): void {
    this.hasShortcuts = isOn;
    writePreference("shortcuts", isOn ? "on" : "off");
  }

  say(text: string, isError = false): void {
    const id = ++this.toastCount;
    this.toasts = [...this.toasts, { id, text, isError }].slice(-4);
    if (!isError) {
      setTimeout(() => {
        this.dismiss(id);
      }, 6000);
    }
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  /** Runs `work`; what goes wrong is told to the person. False when it went wrong. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthenticated") this.session = "refused";
      else this.say(messageOf(error), true);
      return false;
    }
  }
}

export const app = new App();
