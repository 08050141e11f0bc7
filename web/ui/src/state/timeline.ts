/** The log drawn as lanes: which lane an event belongs to, and the marks of each lane as one SVG path. */
import type { RunEvent } from "../protocol/events";
import { isPerson } from "./labels";

export const lanes = ["plan", "work", "findings", "people"] as const;
export type Lane = (typeof lanes)[number];

export function laneOf(event: RunEvent): Lane {
  if (isPerson(event.actor) || event.type.startsWith("hold.") || event.type === "command.accepted")
    return "people";
  switch (event.type.split(".")[0]) {
    case "run":
    case "plan":
    case "step":
    case "budget":
    case "loop":
      return "plan";
    case "evidence":
    case "knowledge":
    case "map":
    case "answer":
    case "file":
      return "findings";
    default:
      return "work";
  }
}

/** One path per lane in a box as wide as the log is long and one unit high per lane. */
export function lanePaths(events: readonly RunEvent[]): Readonly<Record<Lane, string>> {
  const paths: Record<Lane, string> = { plan: "", work: "", findings: "", people: "" };
  for (const event of events) {
    const lane = laneOf(event);
    paths[lane] += `M${event.seq - 0.5} ${lanes.indexOf(lane) + 0.15}v.7`;
  }
  return paths;
}
