/** Which page the address names. Routes live in the fragment, so the service sees one page only. */
export type Route =
  | { readonly page: "home" }
  | { readonly page: "inbox" }
  | { readonly page: "run"; readonly run: string }
  | { readonly page: "documents" }
  | { readonly page: "document"; readonly document: string; readonly begin: number; readonly end: number }
  | { readonly page: "model" }
  | { readonly page: "search"; readonly query: string; readonly collection: string }
  | { readonly page: "unknown" };

export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#/, "").split("?");
  const [page = "", id = ""] = path.replace(/^\//, "").split("/").map(decode);
  const query = new URLSearchParams(search);
  switch (page) {
    case "":
      return { page: "home" };
    case "inbox":
      return { page: "inbox" };
    case "runs":
      return id === "" ? { page: "home" } : { page: "run", run: id };
    case "documents":
      if (id === "") return { page: "documents" };
      return {
        page: "document",
        document: id,
        begin: position(query.get("begin")),
        end: position(query.get("end")),
      };
    case "model":
      return { page: "model" };
    case "search":
      return { page: "search", query: query.get("q") ?? "", collection: query.get("collection") ?? "" };
    default:
      return { page: "unknown" };
  }
}

function position(text: string | null): number {
  const value = Number(text ?? "0");
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** An address from a source, if it is one that may be followed. */
export function webAddress(url: string): string | null {
  return /^https?:\/\//i.test(url) ? url : null;
}

export const runLink = (run: string): string => `#/runs/${encodeURIComponent(run)}`;
export const passageLink = (document: string, begin: number, end: number): string =>
  `#/documents/${encodeURIComponent(document)}?begin=${begin}&end=${end}`;
export const documentLink = (document: string): string => `#/documents/${encodeURIComponent(document)}`;
export const searchLink = (query: string, collection: string): string =>
  `#/search?${new URLSearchParams({ q: query, ...(collection === "" ? {} : { collection }) }).toString()}`;
